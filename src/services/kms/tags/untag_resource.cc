#include "services/kms/kms.h"

namespace millrace::kms {

// AWS: names that the key does not have are no error. See untag_resource.test.
Task<void> untag_resource(Kms& kms, wire::Call& call, UntagResourceRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_changeable_key(txn, call, in.key_id(), "UntagResource"));
  for (const std::string_view name : in.tag_keys()) key.tags.erase(std::string(name));
  CO_TRY(keys::Keyring::put(txn, key));
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
