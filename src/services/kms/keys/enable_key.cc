#include "services/kms/kms.h"

namespace millrace::kms {

Task<void> enable_key(Kms& kms, wire::Call& call, EnableKeyRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_changeable_key(txn, call, in.key_id(), "EnableKey"));
  key.state = keys::KeyState::enabled;
  CO_TRY(keys::Keyring::put(txn, key));
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
