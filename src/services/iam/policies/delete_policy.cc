#include "services/iam/views.h"

namespace millrace::iam {

// AWS: the default version goes with the policy; other versions and uses are removed first.
Task<void> delete_policy(Iam& iam, wire::Call& call, DeletePolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  const policy::PolicyName name{row.account, row.path, row.name};
  CO_TRY(const policy::Uses uses, policy::count_uses(txn, row.account, name));
  if (uses.attachments + uses.boundaries > 0) {
    co_return fail(errors::delete_conflict("Cannot delete a policy attached to entities."));
  }
  CO_TRY(const std::vector<policy::PolicyVersion> versions,
         txn.scan(policy::kPolicyVersions, {.prefix = store::key_prefix(row.account, row.name)}));
  if (versions.size() > 1) {
    co_return fail(errors::delete_conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the "
        "policy's versions. The default version is deleted with the policy."));
  }
  for (const policy::PolicyVersion& version : versions) {
    txn.erase(policy::kPolicyVersions, version.key());
  }
  txn.erase(policy::kManagedPolicies, row.key());
  policy::release_name(txn, row.account, policy::kPolicy, row.name);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
