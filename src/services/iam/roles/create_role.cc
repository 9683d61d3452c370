#include <fmt/format.h>

#include "services/iam/roles/trust.h"
#include "services/iam/tags.h"
#include "services/iam/views.h"

namespace millrace::iam {

Task<CreateRoleResponse> create_role(Iam& iam, wire::Call& call, CreateRoleRequest in) {
  CO_TRY(check_policy(in.assume_role_policy_document(), policy::DocumentKind::trust,
                      kTrustPolicySize));
  policy::Role role{.account = call.realm.account,
                    .name = std::string(in.role_name()),
                    .id = iam.identities.make_id("AROA"),
                    .path = std::string(in.path("/")),
                    .trust_policy = std::string(in.assume_role_policy_document()),
                    .description = std::string(in.description()),
                    .max_session_seconds = in.max_session_duration(3600),
                    .created = now_of(iam),
                    .tags = {},
                    .permissions_boundary = {}};
  CO_TRY(merge_tags(role.tags, in.tags(), kTagsPerRole));
  CO_TRY(check_quota(iam, call, policy::kRole, kRolesPerAccount));
  store::Txn txn = iam.db.begin();
  CO_TRY(const bool free, policy::claim_name(txn, role.account, policy::kRole, role.name));
  if (!free) {
    co_return fail(
        errors::entity_already_exists(fmt::format("Role with name {} already exists.", role.name)));
  }
  CO_TRY(check_trusted(txn, role.trust_policy));
  CO_TRY(role.permissions_boundary,
         take_boundary(txn, role_holder(role), in.permissions_boundary()));
  txn.put(policy::kRoles, role);
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreateRoleResponse>();
  write_role(out.make_role(), role, Detail::created);
  co_return out;
}

}  // namespace millrace::iam
