#include <fmt/format.h>

#include "services/kms/aliases/aliases.h"

namespace millrace::kms {

Task<void> create_alias(Kms& kms, wire::Call& call, CreateAliasRequest in) {
  CO_TRY(check_alias_name(in.alias_name()));
  const std::string name(in.alias_name());
  store::Txn txn = kms.db.begin();
  CO_TRY(const auto taken, txn.find(keys::kAliases, {call.realm, name}));
  if (taken) {
    co_return fail(errors::already_exists(
        fmt::format("An alias with the name {} already exists", alias_arn(call.realm, name))));
  }
  CO_TRY(const keys::MasterKey key, find_target(txn, call, in.target_key_id(), "CreateAlias"));
  const Time now = kms.clock.now();
  keys::put_alias(txn, {call.realm, name, key.id, now, now});
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
