#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<ListUserPoliciesResponse> list_user_policies(Iam& iam, wire::Call& call,
                                                  ListUserPoliciesRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  co_return list_inline<ListUserPoliciesResponse>(txn, call, user_holder(user), in);
}

}  // namespace millrace::iam
