#include <fmt/format.h>

#include "services/kms/kms.h"

namespace millrace::kms {

// AWS: leaves the key disabled. See cancel_key_deletion.test.
Task<CancelKeyDeletionResponse> cancel_key_deletion(Kms& kms, wire::Call& call,
                                                    CancelKeyDeletionRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_key_by_id(txn, call.realm, in.key_id()));
  CO_TRY(check_customers(call, key, "CancelKeyDeletion"));
  if (key.state != keys::KeyState::pending_deletion) {
    co_return fail(
        errors::kms_invalid_state(fmt::format("{} is not pending deletion.", arn_of(key))));
  }
  key.state = keys::KeyState::disabled;
  key.deletion.reset();
  CO_TRY(keys::Keyring::put(txn, key));
  CO_TRY(co_await txn.commit());
  auto out = call.make<CancelKeyDeletionResponse>();
  out.set_key_id(arn_of(key));
  co_return out;
}

}  // namespace millrace::kms
