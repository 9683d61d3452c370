#include "services/kms/kms.h"

namespace millrace::kms {

Task<void> update_key_description(Kms& kms, wire::Call& call, UpdateKeyDescriptionRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_changeable_key(txn, call, in.key_id(), "UpdateKeyDescription"));
  key.description = in.description();
  CO_TRY(keys::Keyring::put(txn, key));
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
