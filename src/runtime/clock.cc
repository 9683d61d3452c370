#include "runtime/clock.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/loop.h"
#include "runtime/machine_time.h"

namespace millrace::runtime {
namespace {

// One sleeper: the coroutine to resume, and where. Whoever takes it out of the map resumes it.
struct Sleeper {
  std::coroutine_handle<> handle;
  Loop* loop = nullptr;
  bool* cancelled = nullptr;
};

class TimerClock final : public Clock {
 public:
  // With `manual`, time stands at it; otherwise a thread follows the machine's clock.
  explicit TimerClock(std::optional<Time> manual) : manual_(manual) {
    if (!manual) thread_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
  }
  ~TimerClock() override {
    if (thread_.joinable()) {
      {
        // Under the lock, so that the thread either sees the request or is already waiting.
        const std::lock_guard lock(mutex_);
        thread_.request_stop();
      }
      wake_.notify_all();
      thread_.join();
    }
  }

  Time now() const override {
    const std::lock_guard lock(mutex_);
    return now_locked();
  }

  Time outside() const {
    const std::lock_guard lock(mutex_);
    return now_locked() - offset_;
  }

  Task<void> sleep_until(Time when, std::stop_token stop) override {
    Awaiter awaiter{*this, when, std::move(stop)};
    co_await awaiter;
    if (awaiter.cancelled) co_return fail(ErrorKind::deadline, "stopped while waiting");
    co_return ok;
  }

  void advance(microseconds by) override {
    {
      const std::lock_guard lock(mutex_);
      if (manual_) {
        *manual_ += by;
      } else {
        offset_ += by;
      }
    }
    wake_.notify_all();
    if (manual_) resume(take_due());
  }

 private:
  using Map = std::multimap<Time, Sleeper>;

  struct Awaiter {
    TimerClock& clock;
    Time when;
    std::stop_token stop;
    bool cancelled = false;
    std::optional<Map::iterator> place = std::nullopt;
    std::optional<std::stop_callback<std::function<void()>>> on_stop = std::nullopt;

    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> h) {
      TimerClock& c = clock;
      {
        const std::lock_guard lock(c.mutex_);
        if (when <= c.now_locked()) return false;
        if (stop.stop_requested()) {
          cancelled = true;
          return false;
        }
        place = c.sleepers_.emplace(when, Sleeper{h, Loop::current(), &cancelled});
        ++c.registering_;
      }
      // After this line the coroutine may already run elsewhere, unless it waits for us: sleepers
      // are resumed only while no registration is in progress.
      on_stop.emplace(stop, [&c, w = when, h] { c.cancel(w, h); });
      std::vector<Sleeper> due;
      {
        const std::lock_guard lock(c.mutex_);
        --c.registering_;
        due = c.take_due_locked();
      }
      c.wake_.notify_all();
      c.resume(std::move(due));
      return true;
    }
    void await_resume() { on_stop.reset(); }
  };

  Time now_locked() const {
    if (manual_) return *manual_;
    return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now()) + offset_;
  }

  // Makes the sleeper due at once and marks it as cancelled.
  void cancel(Time when, std::coroutine_handle<> h) {
    std::vector<Sleeper> due;
    {
      const std::lock_guard lock(mutex_);
      auto [it, end] = sleepers_.equal_range(when);
      while (it != end && it->second.handle != h) ++it;
      if (it == end) return;
      *it->second.cancelled = true;
      cancelled_.push_back(it->second);
      sleepers_.erase(it);
      due = take_due_locked();
    }
    resume(std::move(due));
  }

  std::vector<Sleeper> take_due() {
    const std::lock_guard lock(mutex_);
    return take_due_locked();
  }

  std::vector<Sleeper> take_due_locked() {
    std::vector<Sleeper> due;
    if (registering_ > 0) return due;
    due.swap(cancelled_);
    const auto end = sleepers_.upper_bound(now_locked());
    for (auto it = sleepers_.begin(); it != end; ++it) due.push_back(it->second);
    sleepers_.erase(sleepers_.begin(), end);
    return due;
  }

  static void resume(std::vector<Sleeper> due) {
    for (const Sleeper& sleeper : due) {
      if (sleeper.loop != nullptr) {
        sleeper.loop->post(sleeper.handle);
      } else {
        sleeper.handle.resume();
      }
    }
  }

  void follow(const std::stop_token& stop) {
    while (true) {
      std::vector<Sleeper> due;
      {
        std::unique_lock lock(mutex_);
        if (stop.stop_requested()) return;
        const Time now = now_locked();
        const bool idle = registering_ > 0 || sleepers_.empty();
        if (idle && cancelled_.empty()) {
          wake_.wait_for(lock, std::chrono::seconds(60));
        } else if (!idle && sleepers_.begin()->first > now) {
          wake_.wait_for(lock, sleepers_.begin()->first - now);
        }
        due = take_due_locked();
      }
      resume(std::move(due));
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Time> manual_;
  microseconds offset_{0};
  Map sleepers_;
  std::vector<Sleeper> cancelled_;
  int registering_ = 0;
  std::jthread thread_;
};

}  // namespace

Time outside_time(const Clock& clock) {
  const auto* const timer = dynamic_cast<const TimerClock*>(&clock);
  return timer != nullptr ? timer->outside() : clock.now();
}

std::unique_ptr<Clock> make_system_clock() { return std::make_unique<TimerClock>(std::nullopt); }
std::unique_ptr<Clock> make_manual_clock(Time start) { return std::make_unique<TimerClock>(start); }

}  // namespace millrace::runtime
