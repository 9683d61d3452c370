#include "store/timers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "runtime/log.h"
#include "store/signal.h"

namespace millrace::store {
namespace {

constexpr unsigned kRunningMax = 64;
constexpr unsigned kConflictsMax = 16;
constexpr microseconds kBackoffFirst = seconds(1);
constexpr microseconds kBackoffMax = seconds(300);

// (kind, id) -> run_at: where the row of a timer is.
constexpr std::string_view kPlacesTable = "store.timer_places";

Bytes place_key(const std::string& kind, const std::string& id) { return key_prefix(kind, id); }

Result<std::optional<Time>> find_place(Txn& txn, const std::string& kind, const std::string& id) {
  TRY(const std::optional<Bytes> place, txn.get_raw(kPlacesTable, place_key(kind, id)));
  if (!place) return std::nullopt;
  TRY(const auto run_at, decode_key<std::tuple<Time>>(*place));
  return std::get<0>(run_at);
}

microseconds backoff(uint32_t attempts) {
  microseconds delay = kBackoffFirst;
  for (uint32_t i = 1; i < attempts && delay < kBackoffMax; ++i) delay *= 2;
  return std::min(delay, kBackoffMax);
}

// Whether `timer` is still the one that is set.
Result<bool> is_set(Txn& txn, const Timer& timer) {
  TRY(const std::optional<Timer> row, txn.find(kTimers, timer.key()));
  return row && row->payload == timer.payload && row->attempts == timer.attempts;
}

}  // namespace

// All of it is used on the nursery's loop only.
struct Timers::State {
  State(Database& d, runtime::Clock& c) : db(d), clock(c) {}
  ~State() {
    if (watch) db.unwatch(*watch);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool stopping() const { return stop.stop_requested(); }
  void wake();
  Result<std::optional<Time>> start_due();
  Task<void> drive();
  Task<void> sleep(std::optional<Time> until);
  Task<void> fire(Timer timer);
  Task<void> call(Timer timer);
  Task<void> settle(Timer timer, bool succeeded);

  Database& db;
  runtime::Clock& clock;
  std::map<std::string, Handler> handlers;
  runtime::Nursery* nursery = nullptr;
  runtime::Loop* loop = nullptr;  // The nursery's; a late notification may find the nursery gone.
  std::stop_token stop;
  std::optional<uint64_t> watch;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
  std::set<Timer::Key> running;
  bool woken = false;
  std::optional<std::stop_source> sleeping;
  Signal changed;
};

void Timers::State::wake() {
  woken = true;
  changed.notify(*loop);
  if (sleeping) sleeping->request_stop();
}

// Starts what is due; answers when the next one is, if there is one to wait for.
Result<std::optional<Time>> Timers::State::start_due() {
  const Time now = clock.now();
  std::vector<Timer> due;
  std::optional<Time> next;
  Txn txn = db.begin();
  const auto visit = [&](Timer& timer) {
    if (running.contains(timer.key())) return true;
    if (timer.run_at > now) {
      next = timer.run_at;
      return false;
    }
    if (running.size() + due.size() >= kRunningMax) return false;  // Woken when one ends.
    due.push_back(std::move(timer));
    return true;
  };
  TRY(txn.each(kTimers, {}, visit));
  for (Timer& timer : due) {
    running.insert(timer.key());
    nursery->spawn(fire(std::move(timer)));
  }
  return next;
}

Task<void> Timers::State::drive() {
  while (!stopping()) {
    woken = false;
    Result<std::optional<Time>> next = start_due();
    if (!next) {
      runtime::log(runtime::LogLevel::error, "timers.read_failed",
                   {{"error", next.error().message}});
      next = clock.now() + kBackoffMax;
    }
    if (!woken) CO_TRY(co_await sleep(*next));
  }
  co_return ok;
}

Task<void> Timers::State::sleep(std::optional<Time> until) {
  if (stopping()) co_return ok;
  if (!until) {
    co_await changed.wait();
    co_return ok;
  }
  sleeping.emplace();
  const std::stop_token awake = sleeping->get_token();
  // That it was woken early is no error.
  static_cast<void>(co_await clock.sleep_until(*until, awake));
  co_await loop->resume_here();
  sleeping.reset();
  co_return ok;
}

Task<void> Timers::State::fire(Timer timer) {
  const Timer::Key key = timer.key();
  const Result<void> done = co_await call(timer);
  co_await loop->resume_here();
  if (!done) {
    runtime::log(runtime::LogLevel::warning, "timers.handler_failed",
                 {{"kind", timer.kind}, {"id", timer.id}, {"error", done.error().message}});
  }
  const Result<void> settled = co_await settle(timer, done.has_value());
  co_await loop->resume_here();
  if (!settled) {
    // The row is as it was, and due. It is left alone for a while, as the disk may be full.
    runtime::log(runtime::LogLevel::error, "timers.settle_failed",
                 {{"kind", timer.kind}, {"error", settled.error().message}});
    static_cast<void>(co_await clock.sleep_for(kBackoffFirst, stop));
    co_await loop->resume_here();
  }
  running.erase(key);
  wake();
  co_return ok;
}

Task<void> Timers::State::call(Timer timer) {
  const auto handler = handlers.find(timer.kind);
  if (handler == handlers.end()) co_return fail(ErrorKind::unsupported, "no handler of the kind");
  Result<void> result;
  try {
    Task<void> handling = handler->second(std::move(timer));
    result = co_await std::move(handling);
  } catch (const std::exception& exception) {
    result = fail(ErrorKind::internal, exception.what());
  }
  co_return result;
}

// Removes the row, or moves it to the next attempt, unless it was set anew meanwhile.
Task<void> Timers::State::settle(Timer timer, bool succeeded) {
  Result<void> result;
  for (unsigned i = 0; i < kConflictsMax; ++i) {
    Txn txn = db.begin();
    CO_TRY(const bool still, is_set(txn, timer));
    if (!still) co_return ok;
    if (succeeded) {
      CO_TRY(Timers::finish(txn, timer));
    } else {
      Timer next = timer;
      ++next.attempts;
      next.run_at = clock.now() + backoff(next.attempts);
      CO_TRY(Timers::set(txn, next));
    }
    result = co_await txn.commit();
    if (result || result.error().kind != ErrorKind::conflict) break;
  }
  co_return result;
}

Result<void> Timers::set(Txn& txn, const Timer& timer) {
  TRY(cancel(txn, timer.kind, timer.id));
  txn.put(kTimers, timer);
  txn.put_raw(kPlacesTable, place_key(timer.kind, timer.id), key_prefix(timer.run_at));
  return {};
}

Result<void> Timers::cancel(Txn& txn, const std::string& kind, const std::string& id) {
  TRY(const std::optional<Time> place, find_place(txn, kind, id));
  if (!place) return {};
  txn.erase(kTimers, {*place, kind, id});
  txn.erase_raw(kPlacesTable, place_key(kind, id));
  return {};
}

Result<void> Timers::finish(Txn& txn, const Timer& timer) {
  TRY(const bool still, is_set(txn, timer));
  if (!still) return {};
  return cancel(txn, timer.kind, timer.id);
}

Timers::Timers(Database& db, runtime::Clock& clock) : state_(std::make_shared<State>(db, clock)) {}
Timers::~Timers() = default;

void Timers::on(std::string kind, Handler handler) {
  ASSERT(state_->nursery == nullptr);
  state_->handlers.insert_or_assign(std::move(kind), std::move(handler));
}

void Timers::start(runtime::Nursery& nursery) {
  ASSERT(state_->nursery == nullptr);
  runtime::Loop* const loop = &nursery.loop();
  state_->nursery = &nursery;
  state_->loop = loop;
  state_->stop = nursery.stop_token();
  const std::function<void()> wake = [weak = std::weak_ptr<State>(state_), loop] {
    loop->post(std::function<void()>([weak] {
      if (const auto state = weak.lock()) state->wake();
    }));
  };
  state_->watch = state_->db.watch(std::string(kTimers.name), wake);
  state_->on_stop.emplace(nursery.stop_token(), wake);
  nursery.spawn(state_->drive());
}

}  // namespace millrace::store
