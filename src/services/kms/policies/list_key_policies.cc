#include "services/kms/policies/policy_name.h"

namespace millrace::kms {

Task<ListKeyPoliciesResponse> list_key_policies(Kms& kms, wire::Call& call,
                                                ListKeyPoliciesRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(find_key_by_id(txn, call.realm, in.key_id()));
  auto out = call.make<ListKeyPoliciesResponse>();
  out.make_policy_names().append(kPolicyName);
  out.set_truncated(false);
  co_return out;
}

}  // namespace millrace::kms
