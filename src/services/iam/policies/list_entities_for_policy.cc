#include "services/iam/paging.h"

namespace millrace::iam {
namespace {

constexpr std::string_view kBoundary = "_boundary";

std::string_view kind_of(const policy::PolicyUse& use) {
  std::string_view kind = use.kind;
  if (kind.ends_with(kBoundary)) kind.remove_suffix(kBoundary.size());
  return kind;
}

bool admitted(const policy::PolicyUse& use, const ListEntitiesForPolicyRequest& in) {
  const bool boundary = use.kind.ends_with(kBoundary);
  const std::string_view usage = in.policy_usage_filter();
  if (!usage.empty() && boundary != (usage == "PermissionsBoundary")) return false;
  const std::string_view filter = in.entity_filter();
  if (filter.empty()) return true;
  return filter == (kind_of(use) == policy::kUser ? "User" : "Role");
}

// Writes a user or a role, if its path is the wanted one. A use without its holder is no answer.
Result<void> write_entity(store::Txn& txn, const policy::PolicyUse& use, std::string_view path,
                          const ListEntitiesForPolicyResponse& out) {
  if (kind_of(use) == policy::kUser) {
    TRY(const policy::User user, txn.get(policy::kUsers, {use.account, use.holder}));
    if (!user.path.starts_with(path)) return {};
    const api::PolicyUser shown = out.policy_users().append();
    shown.set_user_name(user.name);
    shown.set_user_id(user.id);
    return {};
  }
  TRY(const policy::Role role, txn.get(policy::kRoles, {use.account, use.holder}));
  if (!role.path.starts_with(path)) return {};
  const api::PolicyRole shown = out.policy_roles().append();
  shown.set_role_name(role.name);
  shown.set_role_id(role.id);
  return {};
}

}  // namespace

// AWS: a page may hold fewer than MaxItems, also where more follow.
Task<ListEntitiesForPolicyResponse> list_entities_for_policy(Iam& iam, wire::Call& call,
                                                             ListEntitiesForPolicyRequest in) {
  CO_TRY(const policy::PolicyName name, policy_name(in.policy_arn()));
  store::Txn txn = iam.db.begin();
  CO_TRY(const bool exists, policy::policy_exists(txn, call.realm.account, name));
  if (!exists) co_return fail(no_such_policy(in.policy_arn()));
  const Bytes prefix = store::key_prefix(call.realm.account, name.owner, name.name);
  CO_TRY(const Page<policy::PolicyUse> page,
         read_page(txn, policy::kPolicyUses, prefix, in,
                   [&in](const policy::PolicyUse& use) { return admitted(use, in); }));
  auto out = call.make<ListEntitiesForPolicyResponse>();
  out.make_policy_groups();
  out.make_policy_users();
  out.make_policy_roles();
  for (const policy::PolicyUse& use : page.rows) {
    CO_TRY(write_entity(txn, use, in.path_prefix("/"), out));
  }
  close_page(out, page.marker);
  co_return out;
}

}  // namespace millrace::iam
