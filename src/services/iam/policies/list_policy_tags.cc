#include "services/iam/tags.h"

namespace millrace::iam {

Task<ListPolicyTagsResponse> list_policy_tags(Iam& iam, wire::Call& call,
                                              ListPolicyTagsRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  co_return tag_page<ListPolicyTagsResponse>(call, row.tags, in);
}

}  // namespace millrace::iam
