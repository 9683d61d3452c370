#include "services/iam/tags.h"

namespace millrace::iam {

Task<void> untag_policy(Iam& iam, wire::Call& call, UntagPolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  remove_tags(row.tags, in.tag_keys());
  txn.put(policy::kManagedPolicies, row);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
