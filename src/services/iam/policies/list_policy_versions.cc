#include "services/iam/paging.h"
#include "services/iam/policies/policy_versions.h"

namespace millrace::iam {

Task<ListPolicyVersionsResponse> list_policy_versions(Iam& iam, wire::Call& call,
                                                      ListPolicyVersionsRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::ManagedPolicy row, find_policy(txn, call, in.policy_arn()));
  CO_TRY(const Page<policy::PolicyVersion> page,
         read_page(txn, policy::kPolicyVersions, store::key_prefix(row.account, row.name), in));
  auto out = call.make<ListPolicyVersionsResponse>();
  const auto versions = out.make_versions();
  for (const policy::PolicyVersion& version : page.rows) {
    write_version(versions.append(), version, version.number == row.default_version);
  }
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::iam
