#include "services/iam/policies/policy_versions.h"

namespace millrace::iam {

Task<void> set_default_policy_version(Iam& iam, wire::Call& call,
                                      SetDefaultPolicyVersionRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  CO_TRY(const policy::PolicyVersion version, find_version(txn, row, in.version_id()));
  row.default_version = version.number;
  row.updated = now_of(iam);
  txn.put(policy::kManagedPolicies, row);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
