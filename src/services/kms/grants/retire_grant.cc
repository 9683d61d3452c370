#include "services/kms/crypto/encryption.h"
#include "services/kms/grants/grants.h"

namespace millrace::kms {

Task<void> retire_grant(Kms& kms, wire::Call& call, RetireGrantRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::Grant grant, find_retired(txn, call, in));
  CO_TRY(check_dry_run(in.dry_run()));
  txn.erase(keys::kGrants, grant.key());
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
