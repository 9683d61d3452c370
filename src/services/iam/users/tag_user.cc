#include "services/iam/tags.h"

namespace millrace::iam {

Task<void> tag_user(Iam& iam, wire::Call& call, TagUserRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::User user, find_user(txn, call, in.user_name()));
  CO_TRY(merge_tags(user.tags, in.tags(), kTagsPerUser));
  txn.put(policy::kUsers, user);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
