#include "services/iam/views.h"

namespace millrace::iam {

// DIVERGES: of AWS's own policies the versions, ids and dates are not known.
Task<GetPolicyResponse> get_policy(Iam& iam, wire::Call& call, GetPolicyRequest in) {
  CO_TRY(const policy::PolicyName name, policy_name(in.policy_arn()));
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Uses uses, policy::count_uses(txn, call.realm.account, name));
  auto out = call.make<GetPolicyResponse>();
  if (name.owner == policy::kAwsOwner) {
    CO_TRY(const bool exists, policy::policy_exists(txn, call.realm.account, name));
    if (!exists) co_return fail(no_such_policy(in.policy_arn()));
    write_aws_policy(out.make_policy(), name, uses);
    co_return out;
  }
  CO_TRY(const policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  write_policy(out.make_policy(), row, uses, Detail::full);
  co_return out;
}

}  // namespace millrace::iam
