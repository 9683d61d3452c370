#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<ListRolePoliciesResponse> list_role_policies(Iam& iam, wire::Call& call,
                                                  ListRolePoliciesRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  co_return list_inline<ListRolePoliciesResponse>(txn, call, role_holder(role), in);
}

}  // namespace millrace::iam
