// The machine's own clocks, for the few who may not ask the Clock that is passed in: time limits on
// peers and processes, which hold also while somebody moves the Clock, and programs that run beside
// the platform. Thread-safe.
#pragma once

#include <chrono>

#include "base/time.h"

namespace millrace::runtime {

using Moment = std::chrono::steady_clock::time_point;

// Never goes back, and knows nothing of dates.
inline Moment monotonic_now() { return std::chrono::steady_clock::now(); }

// The date as the machine has it.
inline Time machine_now() {
  return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

class Clock;

// The date as those outside have it: a system clock's without what advance() added, so that clients
// whose signatures carry a date are understood however far it was moved. A manual clock's own.
Time outside_time(const Clock& clock);

}  // namespace millrace::runtime
