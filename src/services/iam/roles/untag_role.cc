#include "services/iam/tags.h"

namespace millrace::iam {

Task<void> untag_role(Iam& iam, wire::Call& call, UntagRoleRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::Role role, find_role(txn, call, in.role_name()));
  remove_tags(role.tags, in.tag_keys());
  txn.put(policy::kRoles, role);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
