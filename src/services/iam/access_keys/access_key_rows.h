// Access keys as the operations on them find them.
#pragma once

#include "services/iam/iam.h"

namespace millrace::iam {

inline std::string_view status_of(const policy::AccessKey& key) {
  return key.active ? "Active" : "Inactive";
}

// Refuses a user that does not exist; root (empty) does. Errors: NoSuchEntity.
Result<void> check_key_owner(store::Txn& txn, const wire::Call& call, const std::string& name);

// A key of that user, or of the caller. Errors: NoSuchEntity, ValidationError.
Result<policy::AccessKey> find_key(store::Txn& txn, const wire::Call& call,
                                   std::string_view user_name, std::string_view id);

}  // namespace millrace::iam
