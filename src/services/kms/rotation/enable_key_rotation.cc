#include "engines/keys/limits.h"
#include "services/kms/rotation/rotation.h"

namespace millrace::kms {

// AWS: the first rotation comes one period after this. See enable_key_rotation.test.
Task<void> enable_key_rotation(Kms& kms, wire::Call& call, EnableKeyRotationRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_rotated_key(txn, call, in.key_id(), "EnableKeyRotation"));
  const std::chrono::days period(in.rotation_period_in_days(
      key.rotation_period.value_or(keys::kRotationPeriodDefault).count()));
  if (key.next_rotation && key.rotation_period == period) co_return ok;
  key.rotation_period = period;
  key.next_rotation = kms.clock.now() + period;
  CO_TRY(keys::Keyring::put(txn, key));
  co_return co_await txn.commit();
}

}  // namespace millrace::kms
