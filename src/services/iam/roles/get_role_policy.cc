#include "services/iam/policies/inline_policies.h"
#include "services/iam/views.h"

namespace millrace::iam {

Task<GetRolePolicyResponse> get_role_policy(Iam& iam, wire::Call& call, GetRolePolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  CO_TRY(const policy::InlinePolicy row,
         find_inline_policy(txn, role_holder(role), in.policy_name()));
  auto out = call.make<GetRolePolicyResponse>();
  out.set_role_name(role.name);
  out.set_policy_name(row.name);
  out.set_policy_document(encoded_document(row.document));
  co_return out;
}

}  // namespace millrace::iam
