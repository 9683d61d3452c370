// What the operations on rotation have in common.
#pragma once

#include "services/kms/kms.h"

namespace millrace::kms {

// A key whose rotation is changed. Errors: those of find_changeable_key(), DisabledException.
inline Result<keys::MasterKey> find_rotated_key(store::Txn& txn, const wire::Call& call,
                                                std::string_view name, std::string_view action) {
  TRY(keys::MasterKey key, find_changeable_key(txn, call, name, action));
  TRY(check_usable(key));
  return key;
}

}  // namespace millrace::kms
