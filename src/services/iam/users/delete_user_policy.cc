#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<void> delete_user_policy(Iam& iam, wire::Call& call, DeleteUserPolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  CO_TRY(const policy::InlinePolicy row,
         find_inline_policy(txn, user_holder(user), in.policy_name()));
  txn.erase(policy::kInlinePolicies, row.key());
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
