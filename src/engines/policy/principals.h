// Principals: whether somebody of a policy's name is there.
//
// An account is one that has a root key; users and roles are found by their names, and their paths
// must be right. Nobody is found by a pattern. Reads rows of `txn`, without waiting; as it on
// threads. Errors: internal (store).
// Source: IAM User Guide, "AWS JSON policy elements: Principal".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engines/policy/statements.h"
#include "store/database.h"

namespace millrace::policy {

// The accounts that have a root key, in order.
Result<std::vector<std::string>> accounts(store::Txn& txn);

// `name`: an account, or the ARN of its root, of a user, of a role or of a role's session; the
// unique id of a user or role is not looked up. False for whatever else.
Result<bool> is_known_principal(store::Txn& txn, std::string_view name);

}  // namespace millrace::policy
