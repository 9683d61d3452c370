#include "services/iam/tags.h"

namespace millrace::iam {

Task<ListUserTagsResponse> list_user_tags(Iam& iam, wire::Call& call, ListUserTagsRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  co_return tag_page<ListUserTagsResponse>(call, user.tags, in);
}

}  // namespace millrace::iam
