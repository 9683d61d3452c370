#include "services/iam/tags.h"

namespace millrace::iam {

Task<ListRoleTagsResponse> list_role_tags(Iam& iam, wire::Call& call, ListRoleTagsRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  co_return tag_page<ListRoleTagsResponse>(call, role.tags, in);
}

}  // namespace millrace::iam
