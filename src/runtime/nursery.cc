#include "runtime/nursery.h"

#include <mutex>
#include <vector>

namespace millrace::runtime {

struct Nursery::State {
  explicit State(Loop& l) : loop(l) {}
  Loop& loop;
  std::stop_source stop;
  mutable std::mutex mutex;
  size_t running = 0;
  std::vector<std::pair<Loop*, std::coroutine_handle<>>> joiners;

  void ended() {
    std::vector<std::pair<Loop*, std::coroutine_handle<>>> wake;
    {
      const std::lock_guard lock(mutex);
      if (--running > 0) return;
      wake.swap(joiners);
    }
    for (auto& [where, handle] : wake) (where != nullptr ? *where : loop).post(handle);
  }
};

namespace {

struct Root {
  struct promise_type {
    Root get_return_object() const { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const { std::terminate(); }
  };
};

template <class State>
Root run_in(std::shared_ptr<State> state, Task<void> task,
            std::function<void(const Error&)> on_error) {
  co_await Loop::Switch{state->loop};
  {
    Task<void> owned = std::move(task);
    const Result<void> result = co_await std::move(owned);
    if (!result && on_error) on_error(result.error());
    on_error = {};  // What it holds ends with the task, before whoever closes the nursery goes on.
  }
  state->ended();
}

template <class State>
struct Join {
  State& state;
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> h) const {
    const std::lock_guard lock(state.mutex);
    if (state.running == 0) return false;
    state.joiners.emplace_back(Loop::current(), h);
    return true;
  }
  void await_resume() const {}
};

}  // namespace

Nursery::Nursery(Loop& loop) : state_(std::make_shared<State>(loop)) {}

Nursery::~Nursery() { ASSERT(size() == 0); }

void Nursery::spawn(Task<void> task, std::function<void(const Error&)> on_error) {
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->running;
  }
  // Always through the queue, so that the spawner is never re-entered by what it spawns.
  auto holder = std::make_shared<Task<void>>(std::move(task));
  state_->loop.post([state = state_, holder, on_error = std::move(on_error)]() mutable {
    run_in(state, std::move(*holder), std::move(on_error));
  });
}

std::stop_token Nursery::stop_token() const { return state_->stop.get_token(); }
void Nursery::request_stop() { state_->stop.request_stop(); }

Task<void> Nursery::close() {
  const std::shared_ptr<State> state = state_;
  state->stop.request_stop();
  Join<State> join{*state};
  co_await join;
  co_return ok;
}

Loop& Nursery::loop() { return state_->loop; }

size_t Nursery::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->running;
}

}  // namespace millrace::runtime
