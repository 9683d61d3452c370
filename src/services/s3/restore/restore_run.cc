#include "services/s3/restore/restore_run.h"

#include <tuple>

namespace millrace::s3 {

store::Timer restore_timer(const objects::Entry& entry, Time when) {
  store::Timer out;
  out.kind = kRestoreTimer;
  out.id =
      store::encode_key(std::tuple(entry.bucket, entry.object_key, objects::version_name(entry)));
  out.run_at = when;
  return out;
}

void RestoreTimers::subscribe(store::Timers& timers) {
  timers.on(std::string(kRestoreTimer),
            [this](store::Timer timer) { return fall_due(std::move(timer)); });
}

Task<void> RestoreTimers::fall_due(store::Timer timer) {
  using Named = std::tuple<std::string, std::string, std::string>;
  CO_TRY(const Named named, store::decode_key<Named>(timer.id));
  objects::RestoreChange change;
  change.id = {std::get<0>(named), std::get<1>(named), std::get<2>(named)};
  const Result<objects::Object> object = objects_.describe(change.id);
  // The timer's row goes when this succeeds.
  if (!object && object.error().kind == ErrorKind::not_found) co_return ok;
  if (!object) co_return fail(object.error());
  const objects::Entry& entry = object->entry;
  if (!entry.restore) co_return ok;
  change.sequence = entry.sequence;
  change.before = entry.restore;
  change.finished = timer;
  if (timer.run_at < entry.restore->until) {
    change.after = entry.restore;
    change.completes = true;
    change.silent = timer.run_at < entry.restore->ready;
    change.timer =
        restore_timer(entry, change.silent ? entry.restore->ready : entry.restore->until);
  }
  objects::Cause cause;
  cause.operation = "RestoreObject";
  cause.requester = "s3.amazonaws.com";
  co_return co_await objects_.set_restore(std::move(change), std::move(cause));
}

}  // namespace millrace::s3
