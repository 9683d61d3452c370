#include "services/kms/rotation/rotation.h"

namespace millrace::kms {

Task<void> disable_key_rotation(Kms& kms, wire::Call& call, DisableKeyRotationRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_rotated_key(txn, call, in.key_id(), "DisableKeyRotation"));
  key.next_rotation.reset();
  CO_TRY(keys::Keyring::put(txn, key));
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
