#include "services/kms/kms.h"

namespace millrace::kms {

// AWS: a key that waits to be deleted does not rotate, and does again when that is cancelled.
// See get_key_rotation_status.test.
Task<GetKeyRotationStatusResponse> get_key_rotation_status(Kms& kms, wire::Call& call,
                                                           GetKeyRotationStatusRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::MasterKey key, find_key_by_id(txn, call.realm, in.key_id()));
  const bool rotates = key.next_rotation && key.state != keys::KeyState::pending_deletion;
  auto out = call.make<GetKeyRotationStatusResponse>();
  out.set_key_id(arn_of(key));
  out.set_key_rotation_enabled(rotates);
  if (rotates) {
    out.set_rotation_period_in_days(key.rotation_period->count());
    out.set_next_rotation_date(*key.next_rotation);
  }
  co_return out;
}

}  // namespace millrace::kms
