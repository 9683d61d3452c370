// Holdings: the policies that a user or a role has, and who uses a managed policy.
//
// Pure over the caller's transaction; no threads of its own. Every write keeps the index of uses
// (kPolicyUses) in step with the attachments. Errors: internal (store).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engines/policy/names.h"
#include "engines/policy/tables.h"

namespace millrace::policy {

// Who has policies: a user or a role.
struct Holder {
  std::string account;
  std::string kind;  // kUser or kRole
  std::string name;
};

// A managed policy by name. The owner is an account, or aws.
struct PolicyName {
  std::string owner, path, name;
  std::string arn() const;
};

inline constexpr std::string_view kAwsOwner = "aws";

// arn:aws:iam::<12 digits or aws>:policy<path><name>; nothing for anything else.
std::optional<PolicyName> parse_policy_arn(std::string_view arn);

// Whether the account can use that policy: it is its own, or one of AWS's that are known here.
Result<bool> policy_exists(store::Txn& txn, const std::string& account, const PolicyName& policy);

// How many managed policies the holder has.
Result<size_t> count_attachments(store::Txn& txn, const Holder& holder);
Result<bool> is_attached(store::Txn& txn, const Holder& holder, const PolicyName& policy);
void attach(store::Txn& txn, const Holder& holder, const PolicyName& policy);
void detach(store::Txn& txn, const Holder& holder, const PolicyName& policy);

// The permissions boundary is a use, but no attachment.
void use_as_boundary(store::Txn& txn, const Holder& holder, const PolicyName& policy);
void end_boundary(store::Txn& txn, const Holder& holder, const PolicyName& policy);

// Bytes of the holder's inline policies but `except`, counted as AWS does (document.h).
Result<size_t> inline_bytes(store::Txn& txn, const Holder& holder, std::string_view except);
Result<bool> has_inline_policies(store::Txn& txn, const Holder& holder);

struct Uses {
  int64_t attachments = 0;
  int64_t boundaries = 0;
};
Result<Uses> count_uses(store::Txn& txn, const std::string& account, const PolicyName& policy);

// Gives the user another name, with everything it has: keys, policies, boundary. The name is
// claimed by the caller. Sessions of the user end.
Result<void> rename_user(store::Txn& txn, const User& user, const std::string& name);

}  // namespace millrace::policy
