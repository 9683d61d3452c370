// Names of users, roles and managed policies: each is taken once in an account, whatever its case.
// Source: IAM User Guide, "IAM and AWS STS quotas": names are not distinguished by case.
#pragma once

#include <string>
#include <string_view>

#include "engines/policy/tables.h"

namespace millrace::policy {

inline constexpr std::string_view kUser = "user";
inline constexpr std::string_view kRole = "role";
inline constexpr std::string_view kPolicy = "policy";

// Takes the name. False where it, or the same in another case, is taken. Errors: internal.
Result<bool> claim_name(store::Txn& txn, const std::string& account, std::string_view noun,
                        const std::string& name);
void release_name(store::Txn& txn, const std::string& account, std::string_view noun,
                  const std::string& name);

// How many names are taken; counts no further than `most`. Errors: internal.
Result<size_t> count_names(store::Database& db, const std::string& account, std::string_view noun,
                           size_t most);

}  // namespace millrace::policy
