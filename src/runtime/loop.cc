#include "runtime/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace millrace::runtime {
namespace {

thread_local Loop* current_loop = nullptr;

// A coroutine that starts at once and frees itself at its end; the root of every chain.
struct Root {
  struct promise_type {
    Root get_return_object() const { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const { std::terminate(); }
  };
};

struct Completion {
  std::mutex mutex;
  std::condition_variable ended;
  std::optional<Result<void>> result;
  std::exception_ptr exception;
};

Root run_root(Loop& loop, Task<void> task, Completion& completion, bool stop_loop) {
  co_await loop.resume_here();
  Result<void> result;
  std::exception_ptr exception;
  try {
    // The task's frame ends before the waiter is told: it may refer to what the waiter owns.
    Task<void> owned = std::move(task);
    result = co_await std::move(owned);
  } catch (...) {
    exception = std::current_exception();
  }
  const std::lock_guard lock(completion.mutex);
  completion.result.emplace(std::move(result));
  completion.exception = exception;
  completion.ended.notify_all();
  if (stop_loop) loop.stop();
}

}  // namespace

struct Loop::State {
  boost::asio::io_context context{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;
};

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

void Loop::post(std::coroutine_handle<> handle) {
  boost::asio::post(state_->context, [handle] { handle.resume(); });
}

void Loop::post(std::function<void()> work) { boost::asio::post(state_->context, std::move(work)); }

void Loop::run() {
  Loop* const outer = std::exchange(current_loop, this);
  state_->context.restart();
  state_->work.emplace(boost::asio::make_work_guard(state_->context));
  state_->context.run();
  current_loop = outer;
}

void Loop::stop() {
  boost::asio::post(state_->context, [this] { state_->context.stop(); });
}

Loop* Loop::current() { return current_loop; }

boost::asio::io_context& Loop::context() { return state_->context; }

Result<void> run_task(Loop& loop, Task<void> task, bool loop_runs_elsewhere) {
  Completion completion;
  run_root(loop, std::move(task), completion, !loop_runs_elsewhere);
  if (loop_runs_elsewhere) {
    std::unique_lock lock(completion.mutex);
    completion.ended.wait(lock, [&] { return completion.result.has_value(); });
  } else {
    loop.run();
  }
  const std::lock_guard lock(completion.mutex);
  ASSERT(completion.result.has_value());
  if (completion.exception) std::rethrow_exception(completion.exception);
  return std::move(*completion.result);
}

}  // namespace millrace::runtime
