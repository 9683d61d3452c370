// Bus: brings every committed event to every subscriber, at least once, in order per resource, also
// after a crash.
//
// A subscriber has a name and, under it, a durable cursor. Events of one resource are handled one
// after the other; those of different resources concurrently, up to a limit, so a slow handler
// holds up its own resource only. A handler that fails is called again after a growing delay on the
// Clock; at the limit the subscriber's LastResort is called, the event is parked in the table of
// dead letters, with the reason, and the next one follows. Until both have succeeded the event is
// tried again, so a subscriber that must bring a resource to a final state always does. The outbox
// is trimmed behind the slowest subscriber. A subscriber that is new to the data directory begins
// with the oldest event that is still there.
//
// Threads: subscribe() before start(), both from one thread; drain() from anywhere. Handlers run on
// the nursery's loop and belong to the nursery: on its stop, handlers that run are awaited and
// nothing new begins. Destroy the Bus after the nursery is closed, and before its loop and the
// Database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/clock.h"
#include "runtime/nursery.h"
#include "runtime/task.h"
#include "store/database.h"
#include "store/event.h"

namespace millrace::store {

// Which events a subscriber wants. An empty list admits everything.
struct EventFilter {
  std::vector<std::string> sources = {};
  std::vector<std::string> detail_types = {};
  bool admits(const Event& event) const;
};

// An event that a subscriber could not handle.
struct DeadLetter {
  std::string subscriber;
  uint64_t sequence = 0;
  Event event;
  std::string reason;
  uint32_t attempts = 0;
  Time parked{};

  using Key = std::tuple<std::string, uint64_t>;
  Key key() const { return {subscriber, sequence}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.subscriber);
    v(2, self.sequence);
    v(3, self.event);
    v(4, self.reason);
    v(5, self.attempts);
    v(6, self.parked);
  }
};
inline constexpr Table<DeadLetter> kDeadLetters{"store.dead_letters"};

class Bus final {
 public:
  // A coroutine function, or a lambda that calls one (never a lambda that is one). It may be called
  // again for an event that it has handled, after a crash: its effect must bear that.
  using Handler = std::function<Task<void>(Event)>;
  // Says what becomes of the resource of an event that its handler gives up, with the handler's
  // last error. Where it fails too, handler and last resort are called again later.
  using LastResort = std::function<Task<void>(Event, Error)>;

  struct Options {
    unsigned attempts_max = 8;  // Then the event is parked.
    microseconds backoff_first = milliseconds(100);
    microseconds backoff_max = seconds(30);  // Doubles up to this.
    unsigned concurrency_max = 16;           // Handlers of one subscriber that run at a time.
    unsigned window_max = 8192;              // Events of one subscriber that wait in memory.
  };

  // `db` and `clock` outlive the bus.
  Bus(Database& db, runtime::Clock& clock);
  Bus(Database& db, runtime::Clock& clock, Options options);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  // `name` is durable: a subscriber that is renamed begins anew.
  void subscribe(std::string name, EventFilter filter, Handler handler,
                 LastResort last_resort = {});

  // Begins to deliver. Errors: internal (the cursors cannot be read).
  Result<void> start(runtime::Nursery& nursery);

  // Ends when every event, also those that handlers emitted meanwhile, was handled or parked. With
  // a manual clock, somebody must advance it while retries wait. Errors: deadline (the nursery is
  // asked to stop).
  Task<void> drain();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace millrace::store
