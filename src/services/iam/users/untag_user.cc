#include "services/iam/tags.h"

namespace millrace::iam {

Task<void> untag_user(Iam& iam, wire::Call& call, UntagUserRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::User user, find_user(txn, call, in.user_name()));
  remove_tags(user.tags, in.tag_keys());
  txn.put(policy::kUsers, user);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
