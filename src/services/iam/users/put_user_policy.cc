#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<void> put_user_policy(Iam& iam, wire::Call& call, PutUserPolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  CO_TRY(put_inline_policy(txn, user_holder(user), in.policy_name(), in.policy_document()));
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
