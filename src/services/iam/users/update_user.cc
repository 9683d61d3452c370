#include <fmt/format.h>

#include "services/iam/iam.h"

namespace millrace::iam {

// AWS: the user keeps its id, keys and policies under the new name. DIVERGES: sessions that
// GetSessionToken gave it under the old name end.
Task<void> update_user(Iam& iam, wire::Call& call, UpdateUserRequest in) {
  store::Txn txn = iam.db.begin();
  CO_TRY(policy::User user, find_user(txn, call, in.user_name()));
  const std::string name(in.new_user_name(user.name));
  if (in.has_new_path()) user.path = std::string(in.new_path());
  if (name == user.name) {
    txn.put(policy::kUsers, user);
  } else {
    CO_TRY(const bool free, policy::claim_name(txn, user.account, policy::kUser, name));
    if (!free) {
      co_return fail(
          errors::entity_already_exists(fmt::format("User with name {} already exists.", name)));
    }
    CO_TRY(policy::rename_user(txn, user, name));
  }
  CO_TRY(co_await txn.commit());
  iam.identities.forget_all();
  co_return ok;
}

}  // namespace millrace::iam
