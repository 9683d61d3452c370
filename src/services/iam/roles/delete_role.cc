#include "services/iam/iam.h"

namespace millrace::iam {

// AWS: what the role has is deleted first. Its sessions end with it.
Task<void> delete_role(Iam& iam, wire::Call& call, DeleteRoleRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::Role role, find_role(txn, call, in.role_name()));
  const policy::Holder holder = role_holder(role);
  CO_TRY(const size_t attached, policy::count_attachments(txn, holder));
  if (attached > 0) {
    co_return fail(
        errors::delete_conflict("Cannot delete entity, must detach all policies first."));
  }
  CO_TRY(const bool inlined, policy::has_inline_policies(txn, holder));
  if (inlined) {
    co_return fail(errors::delete_conflict("Cannot delete entity, must delete policies first."));
  }
  txn.erase(policy::kRoles, role.key());
  policy::release_name(txn, role.account, policy::kRole, role.name);
  drop_boundary(txn, holder, role.permissions_boundary);
  CO_TRY(co_await txn.commit());
  iam.identities.forget_all();
  co_return ok;
}

}  // namespace millrace::iam
