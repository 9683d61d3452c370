#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<void> put_role_policy(Iam& iam, wire::Call& call, PutRolePolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  CO_TRY(put_inline_policy(txn, role_holder(role), in.policy_name(), in.policy_document()));
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
