// Repetition: a step that this machine let down (a disk's error, a full queue) is tried again
// shortly, before whoever asked for it begins anew.
//
// Work of thousands of file operations that starts over with each that fails never ends on a disk
// that fails one in a hundred; so a step is small, has no effect where it fails, and is repeated
// by itself. A failed sync is never repeated alone: a step writes its file anew.
//
// Waits on the Clock, on the awaiter's loop. Limits: the constants, half a second in all.
#pragma once

#include <algorithm>
#include <functional>

#include "runtime/clock.h"
#include "runtime/task.h"

namespace millrace::runtime {

inline constexpr int kStepTriesMax = 10;
inline constexpr milliseconds kStepDelayFirst{5};  // Doubles up to the next.
inline constexpr milliseconds kStepDelayMax{100};

// Whether the same step may succeed a little later.
constexpr bool is_passing(ErrorKind kind) {
  return kind == ErrorKind::internal || kind == ErrorKind::exhausted;
}

// `step` is called for each try: a function that calls a coroutine. Errors: the last of step's.
template <class T>
Task<T> repeat(Clock& clock, std::function<Task<T>()> step) {
  milliseconds delay = kStepDelayFirst;
  for (int tries = 1;; ++tries) {
    Task<T> attempt = step();
    Result<T> done = co_await std::move(attempt);
    if (done || !is_passing(done.error().kind) || tries == kStepTriesMax) co_return done;
    CO_TRY(co_await clock.sleep_for(delay, {}));
    delay = std::min(delay * 2, kStepDelayMax);
  }
}

}  // namespace millrace::runtime
