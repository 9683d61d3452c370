#include "services/iam/policies/policy_versions.h"

namespace millrace::iam {

Task<void> delete_policy_version(Iam& iam, wire::Call& call, DeletePolicyVersionRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  CO_TRY(const policy::PolicyVersion version, find_version(txn, row, in.version_id()));
  if (version.number == row.default_version) {
    co_return fail(errors::delete_conflict("Cannot delete the default version of a policy."));
  }
  txn.erase(policy::kPolicyVersions, version.key());
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
