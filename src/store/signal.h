// Signal: coroutines of one loop that wait for something to change.
//
// Everything happens on the loop's thread, so that nothing is missed between looking and waiting.
// A waiter looks again when it resumes. Private to the module.
#pragma once

#include <coroutine>
#include <utility>
#include <vector>

#include "runtime/loop.h"

namespace millrace::store {

class Signal final {
 public:
  struct Wait {
    Signal& signal;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const { signal.waiting_.push_back(handle); }
    void await_resume() const noexcept {}
  };
  Wait wait() { return {*this}; }

  void notify(runtime::Loop& loop) {
    for (const std::coroutine_handle<> handle : std::exchange(waiting_, {})) loop.post(handle);
  }

 private:
  std::vector<std::coroutine_handle<>> waiting_;
};

}  // namespace millrace::store
