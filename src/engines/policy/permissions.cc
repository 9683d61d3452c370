#include "engines/policy/permissions.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "engines/policy/aws_managed.h"

namespace millrace::policy {
namespace {

std::string last_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

std::string_view principal_type(const Subject& subject) {
  if (subject.anonymous()) return "Anonymous";
  if (subject.root) return "Account";
  return subject.role_arn.empty() ? "User" : "AssumedRole";
}

}  // namespace

Holder holder_of(const Subject& subject) {
  if (!subject.role_arn.empty()) {
    return {subject.account, std::string(kRole), last_name(subject.role_arn)};
  }
  const Arn arn = parse_arn(subject.arn);
  if (arn.resource.starts_with("user/")) {
    return {subject.account, std::string(kUser), last_name(arn.resource)};
  }
  if (arn.resource.starts_with("role/")) {
    return {subject.account, std::string(kRole), last_name(arn.resource)};
  }
  return {subject.account, {}, {}};
}

Result<void> Permissions::complete(Subject& subject, std::string_view access_key_id) {
  if (access_key_id.empty()) {
    constexpr std::string_view kAssumed = "assumed-role/";
    const Arn arn = parse_arn(subject.arn);
    if (!arn.resource.starts_with(kAssumed)) return {};
    const std::string_view rest = std::string_view(arn.resource).substr(kAssumed.size());
    const std::string name(rest.substr(0, rest.find('/')));
    TRY(const auto role, find_role(fmt::format("arn:aws:iam::{}:role/{}", arn.account, name)));
    if (role) {
      subject.role_arn = fmt::format("arn:aws:iam::{}:role{}{}", arn.account, role->path, name);
    }
    return {};
  }
  TRY(const std::optional<Identity> identity, identities_.find(access_key_id));
  if (!identity) return {};
  subject.role_arn = identity->role_arn;
  subject.session_policies = identity->session_policies;
  return {};
}

Result<Policies> Permissions::of(const Subject& subject) {
  Policies out;
  out.has_session = !subject.session_policies.empty();
  for (const std::string& text : subject.session_policies) {
    TRY(DocumentPtr document, parsed(text));
    out.session.push_back(std::move(document));
  }
  const Holder holder = holder_of(subject);
  if (subject.root || holder.name.empty()) return out;
  store::Txn txn = db_.begin();
  TRY(add_holder(txn, holder, out));
  return out;
}

Result<std::optional<Role>> Permissions::find_role(std::string_view arn) {
  const Arn parsed = parse_arn(arn);
  if (!parsed.resource.starts_with("role/")) return std::optional<Role>();
  store::Txn txn = db_.begin();
  return txn.find(kRoles, {parsed.account, last_name(parsed.resource)});
}

Result<void> Permissions::add_holder(store::Txn& txn, const Holder& holder, Policies& out) {
  std::vector<std::string> texts;
  const store::Range of_holder{.prefix =
                                   store::key_prefix(holder.account, holder.kind, holder.name)};
  TRY(txn.each(kInlinePolicies, of_holder, [&](const InlinePolicy& row) {
    texts.push_back(row.document);
    return true;
  }));
  std::vector<PolicyName> names;
  TRY(txn.each(kAttachments, of_holder, [&](const Attachment& row) {
    if (auto name = parse_policy_arn(row.policy_arn)) names.push_back(*name);
    return true;
  }));
  for (const std::string& text : texts) {
    TRY(DocumentPtr document, parsed(text));
    out.identity.push_back(std::move(document));
  }
  for (const PolicyName& name : names) {
    TRY(DocumentPtr document, managed(txn, holder.account, name));
    if (document) out.identity.push_back(std::move(document));
  }
  std::string boundary;
  if (holder.kind == kUser) {
    TRY(const std::optional<User> user, txn.find(kUsers, {holder.account, holder.name}));
    if (user) boundary = user->permissions_boundary;
  } else {
    TRY(const std::optional<Role> role, txn.find(kRoles, {holder.account, holder.name}));
    if (role) boundary = role->permissions_boundary;
  }
  const std::optional<PolicyName> bound = parse_policy_arn(boundary);
  if (!bound) return {};
  TRY(out.boundary, managed(txn, holder.account, *bound));
  // A boundary whose document is not known allows nothing.
  if (!out.boundary) out.boundary = std::make_shared<const Document>();
  return {};
}

Result<DocumentPtr> Permissions::managed(store::Txn& txn, const std::string& account,
                                         const PolicyName& name) {
  TRY(const std::string text, managed_document(txn, account, name));
  if (text.empty()) return DocumentPtr();
  return parsed(text);
}

Result<std::string> managed_document(store::Txn& txn, const std::string& account,
                                     const PolicyName& name) {
  if (name.owner == kAwsOwner) return std::string(aws_managed_document(name.name));
  TRY(const std::optional<ManagedPolicy> policy, txn.find(kManagedPolicies, {account, name.name}));
  if (!policy) return std::string();
  TRY(std::optional<PolicyVersion> version,
      txn.find(kPolicyVersions, {account, name.name, policy->default_version}));
  return version ? std::move(version->document) : std::string();
}

Result<DocumentPtr> Permissions::parsed(const std::string& text) {
  DocumentPtr found = documents_.with([&](auto& documents) {
    const auto at = documents.find(text);
    return at == documents.end() ? DocumentPtr() : at->second;
  });
  if (found) return found;
  Result<Document> read = read_document(text);
  if (!read) {
    return fail(ErrorKind::internal,
                fmt::format("a stored policy cannot be read: {}", read.error().message));
  }
  auto made = std::make_shared<const Document>(std::move(*read));
  documents_.with([&](auto& documents) {
    if (documents.size() >= kDocumentsMax) documents.clear();
    documents.insert_or_assign(text, made);
  });
  return made;
}

Result<void> Permissions::describe(const Subject& subject, Context& context) {
  context.set("aws:PrincipalType", std::string(principal_type(subject)));
  if (subject.anonymous()) return {};
  context.set("aws:PrincipalAccount", subject.account);
  context.set("aws:userid", subject.user_id);
  context.set("aws:PrincipalArn", subject.role_arn.empty() ? subject.arn : subject.role_arn);
  const Holder holder = holder_of(subject);
  if (holder.name.empty()) return {};
  Tags tags;
  store::Txn txn = db_.begin();
  if (holder.kind == kUser) {
    context.set("aws:username", holder.name);
    TRY(std::optional<User> user, txn.find(kUsers, {holder.account, holder.name}));
    if (user) tags = std::move(user->tags);
  } else {
    TRY(std::optional<Role> role, txn.find(kRoles, {holder.account, holder.name}));
    if (role) tags = std::move(role->tags);
  }
  for (auto& [key, value] : tags) context.set("aws:PrincipalTag/" + key, std::move(value));
  return {};
}

}  // namespace millrace::policy
