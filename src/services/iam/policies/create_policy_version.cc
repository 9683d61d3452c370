#include "services/iam/policies/policy_versions.h"

namespace millrace::iam {

// AWS: numbers go on where a version was deleted; a policy has at most five versions.
Task<CreatePolicyVersionResponse> create_policy_version(Iam& iam, wire::Call& call,
                                                        CreatePolicyVersionRequest in) {
  CO_TRY(check_policy(in.policy_document(), policy::DocumentKind::identity, kPolicySize));
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  CO_TRY(const std::vector<policy::PolicyVersion> versions,
         txn.scan(policy::kPolicyVersions, {.prefix = store::key_prefix(row.account, row.name)}));
  if (versions.size() >= kVersionsPerPolicy) {
    co_return fail(errors::limit_exceeded(
        "A managed policy can have up to 5 versions. Before you create a new version, you must "
        "delete an existing version."));
  }
  const Time now = now_of(iam);
  const policy::PolicyVersion version{row.account, row.name, ++row.last_version,
                                      std::string(in.policy_document()), now};
  if (in.set_as_default()) {
    row.default_version = version.number;
    row.updated = now;
  }
  txn.put(policy::kManagedPolicies, row);
  txn.put(policy::kPolicyVersions, version);
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreatePolicyVersionResponse>();
  write_version(out.make_policy_version(), version, in.set_as_default());
  co_return out;
}

}  // namespace millrace::iam
