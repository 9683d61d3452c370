#include "services/iam/access_keys/access_key_rows.h"

namespace millrace::iam {

// An inactive key is refused from the moment of the answer.
Task<void> update_access_key(Iam& iam, wire::Call& call, UpdateAccessKeyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::AccessKey key, find_key(txn, call, in.user_name(), in.access_key_id()));
  key.active = in.status() == "Active";
  policy::put_key(txn, key);
  CO_TRY(co_await txn.commit());
  iam.identities.forget(key.id);
  co_return ok;
}

}  // namespace millrace::iam
