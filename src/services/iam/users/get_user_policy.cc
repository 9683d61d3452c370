#include "services/iam/policies/inline_policies.h"
#include "services/iam/views.h"

namespace millrace::iam {

Task<GetUserPolicyResponse> get_user_policy(Iam& iam, wire::Call& call, GetUserPolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  CO_TRY(const policy::InlinePolicy row,
         find_inline_policy(txn, user_holder(user), in.policy_name()));
  auto out = call.make<GetUserPolicyResponse>();
  out.set_user_name(user.name);
  out.set_policy_name(row.name);
  out.set_policy_document(encoded_document(row.document));
  co_return out;
}

}  // namespace millrace::iam
