#include "services/kms/crypto/encryption.h"
#include "services/kms/grants/grants.h"

namespace millrace::kms {

Task<void> revoke_grant(Kms& kms, wire::Call& call, RevokeGrantRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::MasterKey key, find_key(txn, call.realm, in.key_id()));
  const std::string id(in.grant_id());
  CO_TRY(const std::optional<keys::Grant> grant, txn.find(keys::kGrants, {key.realm, key.id, id}));
  if (!grant) co_return fail(no_such_grant(id));
  CO_TRY(check_dry_run(in.dry_run()));
  txn.erase(keys::kGrants, grant->key());
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
