#include "services/kms/tags/tags.h"

namespace millrace::kms {

Task<void> tag_resource(Kms& kms, wire::Call& call, TagResourceRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_changeable_key(txn, call, in.key_id(), "TagResource"));
  CO_TRY(merge_tags(key.tags, in.tags()));
  CO_TRY(keys::Keyring::put(txn, key));
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
