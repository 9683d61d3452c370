// The timers of restores: a restore is completed at its time, and its copy ends at its own.
//
// Whether an archived object can be read is decided by the clock alone (archive.h); the timers tell
// of it (s3:ObjectRestore:Completed, :Delete) and take away what is over. What a timer finds
// changed has a timer of its own. Threads: subscribe() before the timers start; handlers run on
// their loop.
#pragma once

#include "services/s3/restore/archive.h"
#include "store/timers.h"

namespace millrace::s3 {

inline constexpr std::string_view kRestoreTimer = "s3.restore";

// Of the version, at `when`.
store::Timer restore_timer(const objects::Entry& entry, Time when);

class RestoreTimers final {
 public:
  // Outlives the timers; `objects` outlives it.
  explicit RestoreTimers(objects::Objects& objects) : objects_(objects) {}
  void subscribe(store::Timers& timers);

 private:
  Task<void> fall_due(store::Timer timer);
  objects::Objects& objects_;
};

}  // namespace millrace::s3
