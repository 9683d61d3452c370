#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<void> attach_user_policy(Iam& iam, wire::Call& call, AttachUserPolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  CO_TRY(attach_policy(txn, user_holder(user), in.policy_arn(), kPoliciesPerUser));
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
