#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<void> detach_user_policy(Iam& iam, wire::Call& call, DetachUserPolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  CO_TRY(detach_policy(txn, user_holder(user), in.policy_arn()));
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
