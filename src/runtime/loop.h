// Loop: one thread's reactor. Coroutines that start on a loop resume on it.
//
// Thread-safe: post(), stop(). A Loop is run by exactly one thread at a time. It outlives the pools
// and clocks that post to it: make it before them.
#pragma once

#include <coroutine>
#include <functional>
#include <memory>

#include "runtime/task.h"

namespace boost::asio {
class io_context;
}

namespace millrace::runtime {

class Loop final {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Resumes `handle` on this loop's thread, later.
  void post(std::coroutine_handle<> handle);
  // Calls `work` on this loop's thread, later.
  void post(std::function<void()> work);

  // Runs until stop(). What was posted before stop() has run when run() returns.
  void run();
  void stop();

  // The loop that runs on the calling thread; null on any other thread.
  static Loop* current();

  // Asio's side of the loop, for the code that owns sockets.
  boost::asio::io_context& context();

  // Awaitable: continues on this loop.
  struct Switch {
    Loop& loop;
    bool await_ready() const noexcept { return Loop::current() == &loop; }
    void await_suspend(std::coroutine_handle<> h) const { loop.post(h); }
    void await_resume() const noexcept {}
  };
  Switch resume_here() { return {*this}; }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Runs `task` to its end on `loop`, from a thread that runs no loop. The loop is run here if no
// other thread runs it (`loop_runs_elsewhere` false).
Result<void> run_task(Loop& loop, Task<void> task, bool loop_runs_elsewhere = false);

template <class T>
Result<T> run_task_for(Loop& loop, Task<T> task, bool loop_runs_elsewhere = false) {
  std::optional<Result<T>> out;
  auto capture = [](Task<T> inner, std::optional<Result<T>>& slot) -> Task<void> {
    slot.emplace(co_await std::move(inner));
    co_return ok;
  };
  auto done = run_task(loop, capture(std::move(task), out), loop_runs_elsewhere);
  if (!done) return std::unexpected(std::move(done).error());
  return std::move(*out);
}

}  // namespace millrace::runtime
