#include "services/iam/iam.h"

namespace millrace::iam {

// AWS: what the user has is deleted first. Its sessions end with it.
Task<void> delete_user(Iam& iam, wire::Call& call, DeleteUserRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(const policy::User user, find_user(txn, call, in.user_name()));
  const policy::Holder holder = user_holder(user);
  CO_TRY(const size_t attached, policy::count_attachments(txn, holder));
  if (attached > 0) {
    co_return fail(
        errors::delete_conflict("Cannot delete entity, must detach all policies first."));
  }
  CO_TRY(const bool inlined, policy::has_inline_policies(txn, holder));
  if (inlined) {
    co_return fail(errors::delete_conflict("Cannot delete entity, must delete policies first."));
  }
  CO_TRY(const std::vector<policy::KeyOwner> keys,
         txn.scan(policy::kKeyOwners, {.prefix = store::key_prefix(user.account, user.name)}));
  if (!keys.empty()) {
    co_return fail(errors::delete_conflict("Cannot delete entity, must delete access keys first."));
  }
  txn.erase(policy::kUsers, user.key());
  policy::release_name(txn, user.account, policy::kUser, user.name);
  drop_boundary(txn, holder, user.permissions_boundary);
  CO_TRY(co_await txn.commit());
  iam.identities.forget_all();
  co_return ok;
}

}  // namespace millrace::iam
