// Copies of archived versions, which are read in their place for a time.
#include "engines/objects/state.h"
#include "engines/objects/versions.h"

namespace millrace::objects {
namespace {

ChangeKind kind_of(const RestoreChange& change) {
  if (!change.after) return ChangeKind::restore_ended;
  return change.completes ? ChangeKind::restored : ChangeKind::restore_begun;
}

}  // namespace

Task<void> Objects::set_restore(RestoreChange asked, Cause cause) {
  State& state = *state_;
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    if (asked.finished) TRY(store::Timers::finish(txn, *asked.finished));
    const Result<Bucket> bucket = get_bucket(txn, asked.id.bucket);
    TRY(std::optional<Located> found, locate(txn, asked.id));
    const bool same = bucket && found && !found->entry.marker &&
                      found->entry.sequence == asked.sequence &&
                      found->entry.restore == asked.before;
    if (!same) {
      // What a timer was set for is gone; who asks meanwhile asks again.
      if (asked.finished) return {};
      return fail(ErrorKind::conflict, "the version has changed");
    }
    found->entry.restore = asked.after;
    if (found->current) {
      txn.put(kEntries, found->entry);
    } else {
      put_past(txn, found->entry);
    }
    if (asked.timer) TRY(store::Timers::set(txn, *asked.timer));
    if (asked.silent) return {};
    return state.announce_change(
        txn, {kind_of(asked), *bucket, found->entry, cause, state.world.clock.now()});
  };
  Task<void> change = state.change(decide);
  co_return co_await std::move(change);
}

}  // namespace millrace::objects
