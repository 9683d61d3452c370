// IAM: users, access keys, roles, and the policies that they have.
// Source: AWS Identity and Access Management API Reference, version 2010-05-08.
//
// IAM is global: rows are keyed by account alone. Policies are stored and checked for their
// grammar; nothing is evaluated here.
#pragma once

#include <string>
#include <string_view>

#include "api/iam.h"
#include "engines/policy/document.h"
#include "engines/policy/holdings.h"
#include "engines/policy/identities.h"
#include "engines/policy/names.h"
#include "runtime/clock.h"
#include "services/iam/limits.h"
#include "wire/pipeline/call.h"

namespace millrace::iam {

// What the operations use; everything outlives it.
struct Iam {
  store::Database& db;
  policy::Identities& identities;
  runtime::Clock& clock;
};

// The time of a change, in whole seconds as AWS keeps it.
inline Time now_of(const Iam& iam) { return std::chrono::floor<seconds>(iam.clock.now()); }

// The rows that requests name. Errors: NoSuchEntity; internal.
Result<policy::User> find_user(store::Txn& txn, const wire::Call& call, std::string_view name);
Result<policy::Role> find_role(store::Txn& txn, const wire::Call& call, std::string_view name);
// Errors: InvalidInput (no ARN of a policy).
Result<policy::PolicyName> policy_name(std::string_view arn);
// A policy of the account, not of AWS. Errors: InvalidInput, NoSuchEntity.
Result<policy::ManagedPolicy> find_policy(store::Txn& txn, const wire::Call& call,
                                          std::string_view arn);

// The name in the request, or the caller's own; empty where the caller is root.
// Errors: ValidationError (a role's session has no user).
Result<std::string> user_or_caller(const wire::Call& call, std::string_view name);

policy::Holder user_holder(const policy::User& user);
policy::Holder role_holder(const policy::Role& role);

// Refuses one more than AWS's quota admits; before the transaction that makes it.
Result<void> check_quota(const Iam& iam, const wire::Call& call, std::string_view noun,
                         const Quota& quota);
// Refuses a document that is none, or is larger than `quota`.
Result<void> check_policy(std::string_view document, policy::DocumentKind kind, const Quota& quota);
// A permissions boundary in a request: its ARN, or empty. Errors: InvalidInput, NoSuchEntity.
Result<std::string> take_boundary(store::Txn& txn, const policy::Holder& holder,
                                  std::string_view arn);
void drop_boundary(store::Txn& txn, const policy::Holder& holder, const std::string& arn);

Error no_such_policy(std::string_view arn);
Error not_attachable(std::string_view arn);
Error over_quota(const Quota& quota);

}  // namespace millrace::iam
