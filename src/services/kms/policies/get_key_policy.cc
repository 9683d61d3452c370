#include "services/kms/policies/access.h"
#include "services/kms/policies/policy_name.h"

namespace millrace::kms {

Task<GetKeyPolicyResponse> get_key_policy(Kms& kms, wire::Call& call, GetKeyPolicyRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::MasterKey key, find_key_by_id(txn, call.realm, in.key_id()));
  CO_TRY(check_policy_name(in.policy_name(kPolicyName)));
  auto out = call.make<GetKeyPolicyResponse>();
  out.set_policy(policy_of(key));
  out.set_policy_name(kPolicyName);
  co_return out;
}

}  // namespace millrace::kms
