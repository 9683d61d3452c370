#include <fmt/format.h>

#include "services/iam/tags.h"
#include "services/iam/views.h"

namespace millrace::iam {

Task<CreatePolicyResponse> create_policy(Iam& iam, wire::Call& call, CreatePolicyRequest in) {
  CO_TRY(check_policy(in.policy_document(), policy::DocumentKind::identity, kPolicySize));
  const Time now = now_of(iam);
  policy::ManagedPolicy row{.account = call.realm.account,
                            .name = std::string(in.policy_name()),
                            .id = iam.identities.make_id("ANPA"),
                            .path = std::string(in.path("/")),
                            .description = std::string(in.description()),
                            .created = now,
                            .updated = now,
                            .tags = {}};
  CO_TRY(merge_tags(row.tags, in.tags(), kTagsPerPolicy));
  CO_TRY(check_quota(iam, call, policy::kPolicy, kPoliciesPerAccount));
  store::Txn txn = iam.db.begin();
  CO_TRY(const bool free, policy::claim_name(txn, row.account, policy::kPolicy, row.name));
  if (!free) {
    co_return fail(errors::entity_already_exists(fmt::format(
        "A policy called {} already exists. Duplicate names are not allowed.", row.name)));
  }
  txn.put(policy::kManagedPolicies, row);
  txn.put(policy::kPolicyVersions, policy::PolicyVersion{row.account, row.name, row.default_version,
                                                         std::string(in.policy_document()), now});
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreatePolicyResponse>();
  write_policy(out.make_policy(), row, {}, Detail::created);
  co_return out;
}

}  // namespace millrace::iam
