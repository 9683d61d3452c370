#include "services/iam/iam.h"
#include "services/iam/roles/trust.h"

namespace millrace::iam {

Task<void> update_assume_role_policy(Iam& iam, wire::Call& call, UpdateAssumeRolePolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::Role role, find_role(txn, call, in.role_name()));
  CO_TRY(check_policy(in.policy_document(), policy::DocumentKind::trust, kTrustPolicySize));
  CO_TRY(check_trusted(txn, in.policy_document()));
  role.trust_policy = std::string(in.policy_document());
  txn.put(policy::kRoles, role);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
