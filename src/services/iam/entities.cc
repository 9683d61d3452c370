// How requests name users, roles and policies.
#include <fmt/format.h>

#include "services/iam/iam.h"

namespace millrace::iam {

Result<policy::User> find_user(store::Txn& txn, const wire::Call& call, std::string_view name) {
  TRY(std::optional<policy::User> user,
      txn.find(policy::kUsers, {call.realm.account, std::string(name)}));
  if (user) return std::move(*user);
  return fail(errors::no_such_entity(fmt::format("The user with name {} cannot be found.", name)));
}

Result<policy::Role> find_role(store::Txn& txn, const wire::Call& call, std::string_view name) {
  TRY(std::optional<policy::Role> role,
      txn.find(policy::kRoles, {call.realm.account, std::string(name)}));
  if (role) return std::move(*role);
  return fail(errors::no_such_entity(fmt::format("The role with name {} cannot be found.", name)));
}

Result<policy::PolicyName> policy_name(std::string_view arn) {
  std::optional<policy::PolicyName> name = policy::parse_policy_arn(arn);
  if (!name) return fail(errors::invalid_input(fmt::format("ARN {} is not valid.", arn)));
  return std::move(*name);
}

// AWS: its own policies cannot be changed.
Result<policy::ManagedPolicy> find_policy(store::Txn& txn, const wire::Call& call,
                                          std::string_view arn) {
  TRY(const policy::PolicyName name, policy_name(arn));
  if (name.owner == policy::kAwsOwner) {
    return fail({ErrorKind::denied, "Policy is outside your own account.", "AccessDenied", 403});
  }
  if (name.owner != call.realm.account) return fail(no_such_policy(arn));
  TRY(std::optional<policy::ManagedPolicy> row,
      txn.find(policy::kManagedPolicies, {name.owner, name.name}));
  if (!row || row->path != name.path) return fail(no_such_policy(arn));
  return std::move(*row);
}

Result<std::string> user_or_caller(const wire::Call& call, std::string_view name) {
  if (!name.empty()) return std::string(name);
  if (call.principal.root) return std::string();
  const Arn arn = parse_arn(call.principal.arn);
  if (arn.service != "iam" || !arn.resource.starts_with("user/")) {
    return fail({ErrorKind::invalid, "Must specify userName when calling with non-User credentials",
                 "ValidationError", 400});
  }
  return arn.resource.substr(arn.resource.rfind('/') + 1);
}

policy::Holder user_holder(const policy::User& user) {
  return {user.account, std::string(policy::kUser), user.name};
}

policy::Holder role_holder(const policy::Role& role) {
  return {role.account, std::string(policy::kRole), role.name};
}

Result<void> check_quota(const Iam& iam, const wire::Call& call, std::string_view noun,
                         const Quota& quota) {
  TRY(const size_t count, policy::count_names(iam.db, call.realm.account, noun, quota.most));
  if (count >= quota.most) return fail(over_quota(quota));
  return {};
}

Result<void> check_policy(std::string_view document, policy::DocumentKind kind,
                          const Quota& quota) {
  if (policy::document_bytes(document) > quota.most) return fail(over_quota(quota));
  const Result<void> checked = policy::check_document(document, kind);
  if (!checked) return fail(errors::malformed_policy_document(checked.error().message));
  return {};
}

Result<std::string> take_boundary(store::Txn& txn, const policy::Holder& holder,
                                  std::string_view arn) {
  if (arn.empty()) return std::string();
  TRY(const policy::PolicyName name, policy_name(arn));
  TRY(const bool exists, policy::policy_exists(txn, holder.account, name));
  if (!exists) {
    return fail(errors::no_such_entity(
        fmt::format("Scope ARN: {} does not exist or is not attachable.", arn)));
  }
  policy::use_as_boundary(txn, holder, name);
  return std::string(arn);
}

void drop_boundary(store::Txn& txn, const policy::Holder& holder, const std::string& arn) {
  const std::optional<policy::PolicyName> name = policy::parse_policy_arn(arn);
  if (name) policy::end_boundary(txn, holder, *name);
}

}  // namespace millrace::iam
