#include "services/iam/access_keys/access_key_rows.h"

#include <fmt/format.h>

namespace millrace::iam {

Result<void> check_key_owner(store::Txn& txn, const wire::Call& call, const std::string& name) {
  if (name.empty()) return {};
  TRY(find_user(txn, call, name));
  return {};
}

Result<policy::AccessKey> find_key(store::Txn& txn, const wire::Call& call,
                                   std::string_view user_name, std::string_view id) {
  TRY(const std::string name, user_or_caller(call, user_name));
  TRY(check_key_owner(txn, call, name));
  TRY(std::optional<policy::AccessKey> key, txn.find(policy::kAccessKeys, {std::string(id)}));
  if (!key || key->account != call.realm.account || key->user != name) {
    return fail(
        errors::no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id)));
  }
  return std::move(*key);
}

}  // namespace millrace::iam
