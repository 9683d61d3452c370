#include "services/iam/views.h"

namespace millrace::iam {

Task<GetRoleResponse> get_role(Iam& iam, wire::Call& call, GetRoleRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  auto out = call.make<GetRoleResponse>();
  write_role(out.make_role(), role, Detail::full);
  co_return out;
}

}  // namespace millrace::iam
