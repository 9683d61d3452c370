#include "runtime/lane.h"

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <mutex>
#include <utility>

#include "runtime/loop.h"

namespace millrace::runtime {
namespace {

constexpr int kPiecesInARow = 8;  // Then other lanes come first.

}  // namespace

struct Lane::State {
  explicit State(Pool& p) : pool(p) {}

  struct Waiter {
    std::coroutine_handle<> handle;
    Loop* home = nullptr;
    size_t unfinished = 0;
  };

  void run();
  void start();
  // Takes the waiter whose piece has ended, if any.
  Waiter finish_piece();
  // Gives the lane up where nothing waits in it; else has the pool go on with it.
  void pass_on();

  Pool& pool;
  std::mutex mutex;
  std::condition_variable idle;  // For the destructor.
  std::deque<std::function<void()>> queue;
  bool running = false;  // A thread of the pool has the lane, or will.
  size_t unfinished = 0;
  Waiter waiter;
};

void Lane::State::start() {
  // A pool that has no room: the giver does the work, which slows it as it should.
  if (!pool.submit([this] { run(); })) run();
}

void Lane::State::run() {
  for (int pieces = 0; pieces < kPiecesInARow; ++pieces) {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex);
      if (queue.empty()) {
        running = false;
        idle.notify_all();
        return;
      }
      work = std::move(queue.front());
      queue.pop_front();
    }
    work();
    const Waiter ready = finish_piece();
    if (!ready.handle) continue;
    if (ready.home == nullptr) {
      // It goes on here, and may end the lane.
      pass_on();
      return ready.handle.resume();
    }
    ready.home->post(ready.handle);
  }
  pass_on();
}

Lane::State::Waiter Lane::State::finish_piece() {
  const std::lock_guard lock(mutex);
  --unfinished;
  if (!waiter.handle || unfinished > waiter.unfinished) return {};
  return std::exchange(waiter, {});
}

void Lane::State::pass_on() {
  {
    const std::lock_guard lock(mutex);
    if (queue.empty()) {
      running = false;
      idle.notify_all();
      return;
    }
  }
  start();
}

Lane::Lane(Pool& pool) : state_(std::make_unique<State>(pool)) {}

Lane::~Lane() {
  std::unique_lock lock(state_->mutex);
  state_->queue.clear();
  state_->idle.wait(lock, [this] { return !state_->running; });
}

void Lane::give(std::function<void()> work) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->queue.push_back(std::move(work));
    ++state_->unfinished;
    if (std::exchange(state_->running, true)) return;
  }
  state_->start();
}

Task<void> Lane::settled(size_t unfinished) {
  struct Awaiter {
    State& state;
    size_t unfinished;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      const std::lock_guard lock(state.mutex);
      ASSERT(!state.waiter.handle);
      if (state.unfinished <= unfinished) return false;
      state.waiter = {handle, Loop::current(), unfinished};
      return true;
    }
    void await_resume() const noexcept {}
  };
  Awaiter awaiter{*state_, unfinished};
  co_await awaiter;
  co_return ok;
}

}  // namespace millrace::runtime
