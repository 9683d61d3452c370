#include "services/kms/aliases/aliases.h"

namespace millrace::kms {

Task<void> update_alias(Kms& kms, wire::Call& call, UpdateAliasRequest in) {
  CO_TRY(check_alias_name(in.alias_name()));
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::Alias alias, find_alias(txn, call.realm, in.alias_name()));
  CO_TRY(const keys::MasterKey key, find_target(txn, call, in.target_key_id(), "UpdateAlias"));
  keys::erase_alias(txn, alias);
  alias.target = key.id;
  alias.updated = kms.clock.now();
  keys::put_alias(txn, alias);
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
