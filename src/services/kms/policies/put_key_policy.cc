#include "services/kms/policies/access.h"
#include "services/kms/policies/policy_name.h"

namespace millrace::kms {

Task<void> put_key_policy(Kms& kms, wire::Call& call, PutKeyPolicyRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_key_by_id(txn, call.realm, in.key_id()));
  CO_TRY(check_customers(call, key, "PutKeyPolicy"));
  CO_TRY(check_policy_name(in.policy_name(kPolicyName)));
  CO_TRY(check_policy(in.policy()));
  key.policy = in.policy();
  if (!in.bypass_policy_lockout_safety_check()) CO_TRY(check_lockout(kms, call, key));
  CO_TRY(keys::Keyring::put(txn, key));
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
