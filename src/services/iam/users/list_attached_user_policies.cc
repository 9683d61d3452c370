#include "services/iam/policies/inline_policies.h"

namespace millrace::iam {

Task<ListAttachedUserPoliciesResponse> list_attached_user_policies(
    Iam& iam, wire::Call& call, ListAttachedUserPoliciesRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  co_return list_attached<ListAttachedUserPoliciesResponse>(txn, call, user_holder(user), in);
}

}  // namespace millrace::iam
