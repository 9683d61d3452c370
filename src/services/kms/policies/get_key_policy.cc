#include "services/kms/policies/policy_name.h"

namespace millrace::kms {

Task<GetKeyPolicyResponse> get_key_policy(Kms& kms, wire::Call& call, GetKeyPolicyRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::MasterKey key, find_key_by_id(txn, call.realm, in.key_id()));
  CO_TRY(check_policy_name(in.policy_name(kPolicyName)));
  auto out = call.make<GetKeyPolicyResponse>();
  // A key that a service has made without one has the usual policy.
  out.set_policy(key.policy.empty() ? default_policy(key.realm.account) : key.policy);
  out.set_policy_name(kPolicyName);
  co_return out;
}

}  // namespace millrace::kms
