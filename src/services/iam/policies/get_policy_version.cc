#include "services/iam/policies/policy_versions.h"

namespace millrace::iam {

// DIVERGES: the documents of AWS's own policies are not known.
Task<GetPolicyVersionResponse> get_policy_version(Iam& iam, wire::Call& call,
                                                  GetPolicyVersionRequest in) {
  CO_TRY(const policy::PolicyName name, policy_name(in.policy_arn()));
  store::Txn txn = iam.db.begin();
  CO_TRY(const bool exists, policy::policy_exists(txn, call.realm.account, name));
  if (!exists) co_return fail(no_such_policy(in.policy_arn()));
  if (name.owner == policy::kAwsOwner) {
    co_return fail(errors::not_implemented("GetPolicyVersion of AWS's own policies"));
  }
  CO_TRY(const policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  CO_TRY(const policy::PolicyVersion version, find_version(txn, row, in.version_id()));
  auto out = call.make<GetPolicyVersionResponse>();
  const api::PolicyVersion shown = out.make_policy_version();
  write_version(shown, version, version.number == row.default_version);
  shown.set_document(encoded_document(version.document));
  co_return out;
}

}  // namespace millrace::iam
