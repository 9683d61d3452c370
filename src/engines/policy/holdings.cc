#include "engines/policy/holdings.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engines/policy/aws_managed.h"
#include "engines/policy/document.h"
#include "engines/policy/identities.h"

namespace millrace::policy {
namespace {

constexpr std::string_view kPolicyResource = "policy/";

Bytes prefix_of(const Holder& holder) {
  return store::key_prefix(holder.account, holder.kind, holder.name);
}

PolicyUse use_of(const Holder& holder, const PolicyName& policy) {
  return {holder.account, policy.owner, policy.name, holder.kind, holder.name};
}

PolicyUse boundary_of(const Holder& holder, const PolicyName& policy) {
  PolicyUse use = use_of(holder, policy);
  use.kind += "_boundary";
  return use;
}

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> move_policies(store::Txn& txn, const Holder& from, const Holder& to) {
  TRY(const std::vector<Attachment> attached, txn.scan(kAttachments, {.prefix = prefix_of(from)}));
  for (const Attachment& row : attached) {
    const std::optional<PolicyName> policy = parse_policy_arn(row.policy_arn);
    if (!policy) return fail(ErrorKind::internal, "an attachment names no policy");
    detach(txn, from, *policy);
    attach(txn, to, *policy);
  }
  TRY(std::vector<InlinePolicy> inlined, txn.scan(kInlinePolicies, {.prefix = prefix_of(from)}));
  for (InlinePolicy& row : inlined) {
    txn.erase(kInlinePolicies, row.key());
    row.holder = to.name;
    txn.put(kInlinePolicies, row);
  }
  return {};
}

Result<void> move_keys(store::Txn& txn, const User& user, const std::string& name) {
  TRY(const std::vector<KeyOwner> owned,
      txn.scan(kKeyOwners, {.prefix = store::key_prefix(user.account, user.name)}));
  for (const KeyOwner& owner : owned) {
    TRY(AccessKey key, txn.get(kAccessKeys, {owner.id}));
    erase_key(txn, key);
    key.user = name;
    put_key(txn, key);
  }
  return {};
}

}  // namespace

std::string PolicyName::arn() const {
  return fmt::format("arn:aws:iam::{}:policy{}{}", owner, path, name);
}

std::optional<PolicyName> parse_policy_arn(std::string_view text) {
  const Arn arn = parse_arn(text);
  const bool owned = arn.account == kAwsOwner || is_account(arn.account);
  if (arn.partition != "aws" || arn.service != "iam" || !arn.region.empty() || !owned ||
      !arn.resource.starts_with(kPolicyResource)) {
    return std::nullopt;
  }
  const size_t slash = arn.resource.rfind('/');
  PolicyName out{
      .owner = arn.account,
      .path = arn.resource.substr(kPolicyResource.size() - 1, slash + 2 - kPolicyResource.size()),
      .name = arn.resource.substr(slash + 1)};
  if (out.name.empty()) return std::nullopt;
  return out;
}

Result<bool> policy_exists(store::Txn& txn, const std::string& account, const PolicyName& policy) {
  if (policy.owner == kAwsOwner) return is_aws_managed(policy.path, policy.name);
  if (policy.owner != account) return false;
  TRY(const std::optional<ManagedPolicy> row, txn.find(kManagedPolicies, {account, policy.name}));
  return row && row->path == policy.path;
}

Result<size_t> count_attachments(store::Txn& txn, const Holder& holder) {
  TRY(const std::vector<Attachment> rows, txn.scan(kAttachments, {.prefix = prefix_of(holder)}));
  return rows.size();
}

Result<bool> is_attached(store::Txn& txn, const Holder& holder, const PolicyName& policy) {
  TRY(const std::optional<PolicyUse> use, txn.find(kPolicyUses, use_of(holder, policy).key()));
  return use.has_value();
}

void attach(store::Txn& txn, const Holder& holder, const PolicyName& policy) {
  txn.put(kAttachments, Attachment{holder.account, holder.kind, holder.name, policy.name,
                                   policy.owner, policy.arn()});
  txn.put(kPolicyUses, use_of(holder, policy));
}

void detach(store::Txn& txn, const Holder& holder, const PolicyName& policy) {
  txn.erase(kAttachments, {holder.account, holder.kind, holder.name, policy.name, policy.owner});
  txn.erase(kPolicyUses, use_of(holder, policy).key());
}

void use_as_boundary(store::Txn& txn, const Holder& holder, const PolicyName& policy) {
  txn.put(kPolicyUses, boundary_of(holder, policy));
}

void end_boundary(store::Txn& txn, const Holder& holder, const PolicyName& policy) {
  txn.erase(kPolicyUses, boundary_of(holder, policy).key());
}

Result<size_t> inline_bytes(store::Txn& txn, const Holder& holder, std::string_view except) {
  size_t bytes = 0;
  TRY(txn.each(kInlinePolicies, {.prefix = prefix_of(holder)}, [&](const InlinePolicy& row) {
    if (row.name != except) bytes += document_bytes(row.document);
    return true;
  }));
  return bytes;
}

Result<bool> has_inline_policies(store::Txn& txn, const Holder& holder) {
  TRY(const std::vector<InlinePolicy> rows,
      txn.scan(kInlinePolicies, {.prefix = prefix_of(holder), .limit = 1}));
  return !rows.empty();
}

Result<Uses> count_uses(store::Txn& txn, const std::string& account, const PolicyName& policy) {
  Uses uses;
  const store::Range range{.prefix = store::key_prefix(account, policy.owner, policy.name)};
  TRY(txn.each(kPolicyUses, range, [&uses](const PolicyUse& use) {
    ++(use.kind.ends_with("_boundary") ? uses.boundaries : uses.attachments);
    return true;
  }));
  return uses;
}

Result<void> rename_user(store::Txn& txn, const User& user, const std::string& name) {
  const Holder from{user.account, std::string(kUser), user.name};
  const Holder to{user.account, std::string(kUser), name};
  TRY(move_policies(txn, from, to));
  TRY(move_keys(txn, user, name));
  if (const auto boundary = parse_policy_arn(user.permissions_boundary)) {
    end_boundary(txn, from, *boundary);
    use_as_boundary(txn, to, *boundary);
  }
  User renamed = user;
  renamed.name = name;
  txn.erase(kUsers, user.key());
  txn.put(kUsers, renamed);
  release_name(txn, user.account, kUser, user.name);
  return {};
}

}  // namespace millrace::policy
