#include "services/iam/iam.h"

namespace millrace::iam {

Task<UpdateRoleResponse> update_role(Iam& iam, wire::Call& call, UpdateRoleRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::Role role, find_role(txn, call, in.role_name()));
  if (in.has_description()) role.description = std::string(in.description());
  role.max_session_seconds = in.max_session_duration(role.max_session_seconds);
  txn.put(policy::kRoles, role);
  CO_TRY(co_await txn.commit());
  co_return call.make<UpdateRoleResponse>();
}

}  // namespace millrace::iam
