#include "services/iam/tags.h"

namespace millrace::iam {

Task<void> tag_role(Iam& iam, wire::Call& call, TagRoleRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::Role role, find_role(txn, call, in.role_name()));
  CO_TRY(merge_tags(role.tags, in.tags(), kTagsPerRole));
  txn.put(policy::kRoles, role);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
