// Clock: the one source of wall time. Schedules, expiry, timers and caches run on it, so that a
// test, or a user in a scratch instance, can fast-forward all of them at once.
//
// Thread-safe. A sleeper resumes on the loop that it slept on (or on the clock's thread).
#pragma once

#include <coroutine>
#include <memory>
#include <stop_token>

#include "base/time.h"
#include "runtime/task.h"

namespace millrace::runtime {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  // Ends at `when`. Errors: deadline, when `stop` is requested first.
  virtual Task<void> sleep_until(Time when, std::stop_token stop) = 0;
  // Moves time forward and wakes every sleeper whose time has come.
  virtual void advance(microseconds by) = 0;

  Task<void> sleep_for(microseconds duration, std::stop_token stop) {
    return sleep_until(now() + duration, std::move(stop));
  }
};

// The machine's clock plus what advance() added.
std::unique_ptr<Clock> make_system_clock();
// Stands still at `start` until advance().
std::unique_ptr<Clock> make_manual_clock(Time start);

}  // namespace millrace::runtime
