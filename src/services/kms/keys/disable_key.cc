#include "services/kms/kms.h"

namespace millrace::kms {

Task<void> disable_key(Kms& kms, wire::Call& call, DisableKeyRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_changeable_key(txn, call, in.key_id(), "DisableKey"));
  key.state = keys::KeyState::disabled;
  CO_TRY(keys::Keyring::put(txn, key));
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
