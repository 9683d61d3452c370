#include <fmt/format.h>

#include "services/kms/kms.h"

namespace millrace::kms {

// AWS: the model admits 1 to 365 days, the service 7 to 30. See schedule_key_deletion.test.
Task<ScheduleKeyDeletionResponse> schedule_key_deletion(Kms& kms, wire::Call& call,
                                                        ScheduleKeyDeletionRequest in) {
  const int64_t days = in.pending_window_in_days(kPendingDaysDefault);
  if (days < kPendingDaysMin || days > kPendingDaysMax) {
    co_return fail(errors::validation(
        fmt::format("1 validation error detected: Value '{}' at 'pendingWindowInDays' failed to "
                    "satisfy constraint: Member must have value {} than or equal to {}",
                    days, days < kPendingDaysMin ? "greater" : "less",
                    days < kPendingDaysMin ? kPendingDaysMin : kPendingDaysMax)));
  }
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_changeable_key(txn, call, in.key_id(), "ScheduleKeyDeletion"));
  key.state = keys::KeyState::pending_deletion;
  key.deletion = kms.clock.now() + std::chrono::days(days);
  CO_TRY(keys::Keyring::put(txn, key));
  CO_TRY(co_await txn.commit());
  auto out = call.make<ScheduleKeyDeletionResponse>();
  out.set_key_id(arn_of(key));
  out.set_deletion_date(*key.deletion);
  out.set_key_state(name_of(key.state));
  out.set_pending_window_in_days(days);
  co_return out;
}

}  // namespace millrace::kms
