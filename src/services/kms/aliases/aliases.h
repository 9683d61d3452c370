// What the operations on aliases have in common.
#pragma once

#include <string_view>

#include "services/kms/kms.h"

namespace millrace::kms {

// Errors: ValidationException, InvalidAliasNameException, NotAuthorizedException (alias/aws/…).
Result<void> check_alias_name(std::string_view name);
// The key that an alias shall name. Errors: ValidationException (an alias itself), those of
// find_key_by_id(), KMSInvalidStateException, AccessDeniedException, LimitExceededException.
Result<keys::MasterKey> find_target(store::Txn& txn, const wire::Call& call, std::string_view name,
                                    std::string_view action);
// Errors: NotFoundException.
Result<keys::Alias> find_alias(store::Txn& txn, const Realm& realm, std::string_view name);

}  // namespace millrace::kms
