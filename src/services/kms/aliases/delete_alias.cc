#include "services/kms/aliases/aliases.h"

namespace millrace::kms {

Task<void> delete_alias(Kms& kms, wire::Call& call, DeleteAliasRequest in) {
  CO_TRY(check_alias_name(in.alias_name()));
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::Alias alias, find_alias(txn, call.realm, in.alias_name()));
  keys::erase_alias(txn, alias);
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
