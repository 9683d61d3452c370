#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<void> detach_role_policy(Iam& iam, wire::Call& call, DetachRolePolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  CO_TRY(detach_policy(txn, role_holder(role), in.policy_arn()));
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
