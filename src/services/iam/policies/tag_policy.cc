#include "services/iam/tags.h"

namespace millrace::iam {

Task<void> tag_policy(Iam& iam, wire::Call& call, TagPolicyRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  CO_TRY(merge_tags(row.tags, in.tags(), kTagsPerPolicy));
  txn.put(policy::kManagedPolicies, row);
  co_return co_await txn.commit();
}

}  // namespace millrace::iam
