// Timers: things to do at a time, as rows, so that they survive the process.
//
// set() and cancel() are part of the caller's transaction. When `run_at` has come on the Clock the
// handler of the timer's kind is called, at least once; when it succeeds the row goes. A handler
// that fails is called again after a growing delay (1 s to 5 min), without end. To do its work
// exactly once, a handler calls finish() in the transaction that does it.
//
// Threads: on() before start(); set(), cancel(), finish() from anywhere. Handlers run on the
// nursery's loop, several at a time. Destroy it after the nursery is closed, and
// before its loop and the Database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>

#include "runtime/clock.h"
#include "runtime/nursery.h"
#include "runtime/task.h"
#include "store/database.h"

namespace millrace::store {

struct Timer {
  std::string kind;  // Chooses the handler: "workflow.wait".
  std::string id;    // One timer for each kind and id.
  Time run_at{};
  std::string payload;
  uint32_t attempts = 0;  // How often it has failed.

  using Key = std::tuple<Time, std::string, std::string>;
  Key key() const { return {run_at, kind, id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.kind);
    v(2, self.id);
    v(3, self.run_at);
    v(4, self.payload);
    v(5, self.attempts);
  }
};
inline constexpr Table<Timer> kTimers{"store.timers"};

class Timers final {
 public:
  using Handler = std::function<Task<void>(Timer)>;

  // `db` and `clock` outlive it.
  Timers(Database& db, runtime::Clock& clock);
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // Sets the timer, or moves the one of that kind and id. Errors: internal.
  static Result<void> set(Txn& txn, const Timer& timer);
  // Without effect where there is none. Errors: internal.
  static Result<void> cancel(Txn& txn, const std::string& kind, const std::string& id);
  // Cancels exactly this timer: one that was set anew meanwhile stays. Errors: internal.
  static Result<void> finish(Txn& txn, const Timer& timer);

  void on(std::string kind, Handler handler);
  void start(runtime::Nursery& nursery);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace millrace::store
