#include "services/iam/access_keys/access_key_rows.h"

namespace millrace::iam {

// A deleted key is refused from the moment of the answer.
Task<void> delete_access_key(Iam& iam, wire::Call& call, DeleteAccessKeyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::AccessKey key, find_key(txn, call, in.user_name(), in.access_key_id()));
  policy::erase_key(txn, key);
  CO_TRY(co_await txn.commit());
  iam.identities.forget(key.id);
  co_return ok;
}

}  // namespace millrace::iam
