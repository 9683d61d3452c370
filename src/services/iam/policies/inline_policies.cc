#include "services/iam/policies/inline_policies.h"

#include <fmt/format.h>

namespace millrace::iam {

Bytes prefix_of(const policy::Holder& holder) {
  return store::key_prefix(holder.account, holder.kind, holder.name);
}

// AWS: the limit is on all inline policies of the user or role together.
Result<void> put_inline_policy(store::Txn& txn, const policy::Holder& holder, std::string_view name,
                               std::string_view document) {
  const Result<void> checked = policy::check_document(document, policy::DocumentKind::identity);
  if (!checked) return fail(errors::malformed_policy_document(checked.error().message));
  const size_t most = holder.kind == policy::kUser ? kInlineBytesPerUser : kInlineBytesPerRole;
  TRY(const size_t others, policy::inline_bytes(txn, holder, name));
  if (others + policy::document_bytes(document) > most) {
    return fail(errors::limit_exceeded(fmt::format(
        "Maximum policy size of {} bytes exceeded for {} {}", most, holder.kind, holder.name)));
  }
  txn.put(policy::kInlinePolicies, policy::InlinePolicy{holder.account, holder.kind, holder.name,
                                                        std::string(name), std::string(document)});
  return {};
}

Result<policy::InlinePolicy> find_inline_policy(store::Txn& txn, const policy::Holder& holder,
                                                std::string_view name) {
  TRY(std::optional<policy::InlinePolicy> row,
      txn.find(policy::kInlinePolicies,
               {holder.account, holder.kind, holder.name, std::string(name)}));
  if (row) return std::move(*row);
  return fail(errors::no_such_entity(
      fmt::format("The {} policy with name {} cannot be found.", holder.kind, name)));
}

Result<void> attach_policy(store::Txn& txn, const policy::Holder& holder, std::string_view arn,
                           const Quota& quota) {
  TRY(const policy::PolicyName name, policy_name(arn));
  TRY(const bool exists, policy::policy_exists(txn, holder.account, name));
  if (!exists) return fail(not_attachable(arn));
  TRY(const bool attached, policy::is_attached(txn, holder, name));
  if (attached) return {};
  TRY(const size_t count, policy::count_attachments(txn, holder));
  if (count >= quota.most) return fail(over_quota(quota));
  policy::attach(txn, holder, name);
  return {};
}

Result<void> detach_policy(store::Txn& txn, const policy::Holder& holder, std::string_view arn) {
  TRY(const policy::PolicyName name, policy_name(arn));
  TRY(const bool attached, policy::is_attached(txn, holder, name));
  if (!attached) return fail(no_such_policy(arn));
  policy::detach(txn, holder, name);
  return {};
}

}  // namespace millrace::iam
