#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<void> attach_role_policy(Iam& iam, wire::Call& call, AttachRolePolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  CO_TRY(attach_policy(txn, role_holder(role), in.policy_arn(), kPoliciesPerRole));
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
