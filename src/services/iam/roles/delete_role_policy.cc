#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<void> delete_role_policy(Iam& iam, wire::Call& call, DeleteRolePolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  CO_TRY(const policy::InlinePolicy row,
         find_inline_policy(txn, role_holder(role), in.policy_name()));
  txn.erase(policy::kInlinePolicies, row.key());
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
