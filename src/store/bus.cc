#include "store/bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "runtime/log.h"
#include "store/outbox.h"
#include "store/signal.h"

namespace millrace::store {
namespace {

constexpr size_t kReadAtOnce = 256;
constexpr uint64_t kEventsBetweenCursors = 256;
constexpr unsigned kTrimAtOnce = 1024;

constexpr std::string_view kCursorsTable = "store.cursors";  // Subscriber -> sequence

// The events of one resource that wait; the first may be under way.
struct Lane {
  std::deque<uint64_t> sequences;
  unsigned failures = 0;  // Of the first.
};

struct Subscriber {
  std::string name;
  EventFilter filter;
  Bus::Handler handler;
  Bus::LastResort last_resort;  // Empty where parking is all.
  uint64_t read_through = 0;    // Everything up to it is in `open`, or done, or not wanted.
  uint64_t saved = 0;           // The cursor on disk.
  std::set<uint64_t> open;      // Read, wanted and not done.
  std::map<std::string, Lane> lanes;
  std::deque<std::string> ready;  // Resources whose next event can be handled now.
  unsigned workers = 0;
  unsigned starting = 0;  // Workers that have not looked at `ready` yet.
  Signal room;            // `open` has shrunk, or events have come.

  // Everything up to it is done.
  uint64_t done_through() const { return open.empty() ? read_through : *open.begin() - 1; }
};

microseconds backoff(const Bus::Options& options, unsigned failures) {
  microseconds delay = options.backoff_first;
  for (unsigned i = 1; i < failures && delay < options.backoff_max; ++i) delay *= 2;
  return std::min(delay, options.backoff_max);
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

bool EventFilter::admits(const Event& event) const {
  return contains(sources, event.source) && contains(detail_types, event.detail_type);
}

// All of it is used on the nursery's loop only.
struct Bus::State {
  State(Database& d, runtime::Clock& c, Options o) : db(d), clock(c), options(o) {}
  ~State() {
    if (watch) db.unwatch(*watch);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool stopping() const { return stop.stop_requested(); }
  bool idle() const;
  void wake_all();

  Result<void> read_cursors();
  Task<void> pump(Subscriber* subscriber);
  Result<bool> read_more(Subscriber& subscriber);
  void start_workers(Subscriber& subscriber);
  Task<void> work(Subscriber* subscriber);
  Task<void> deliver(Subscriber* subscriber, std::string resource);
  Task<void> call(Subscriber* subscriber, Event event);
  Task<void> give_up(Subscriber* subscriber, Event event, Error reason, unsigned attempts);
  Task<void> park(Subscriber* subscriber, Event event, Error reason, unsigned attempts);
  Task<void> retry_later(Subscriber* subscriber, std::string resource, microseconds delay);
  void finish(Subscriber& subscriber, const std::string& resource, uint64_t sequence);
  uint64_t done_through() const;  // By every subscriber.
  bool must_save() const;
  Task<void> save();
  Task<void> keep_house();

  Database& db;
  runtime::Clock& clock;
  const Options options;
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  runtime::Nursery* nursery = nullptr;
  runtime::Loop* loop = nullptr;  // The nursery's; a late notification may find the nursery gone.
  std::stop_token stop;
  std::optional<uint64_t> watch;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
  uint64_t floor = 0;  // Every event up to it is trimmed.
  Signal house;
  Signal progress;
};

bool Bus::State::idle() const {
  const uint64_t last = db.last_sequence();
  return std::all_of(subscribers.begin(), subscribers.end(),
                     [last](const auto& s) { return s->done_through() >= last; });
}

void Bus::State::wake_all() {
  for (const auto& subscriber : subscribers) subscriber->room.notify(*loop);
  house.notify(*loop);
  progress.notify(*loop);
}

Result<void> Bus::State::read_cursors() {
  Txn txn = db.begin();
  TRY(floor, read_sequence(txn, kMetaTable, kOutboxFloorKey));
  for (const auto& subscriber : subscribers) {
    TRY(subscriber->saved, read_sequence(txn, kCursorsTable, key_prefix(subscriber->name)));
    subscriber->read_through = std::max(subscriber->saved, floor);
  }
  return {};
}

// --- Reading the outbox ----------------------------------------------------------------------

Task<void> Bus::State::pump(Subscriber* subscriber) {
  while (!stopping()) {
    bool more = false;
    if (subscriber->open.size() < options.window_max) {
      const Result<bool> read = read_more(*subscriber);
      if (!read) {
        runtime::log(runtime::LogLevel::error, "bus.read_failed",
                     {{"subscriber", subscriber->name}, {"error", read.error().message}});
        static_cast<void>(co_await clock.sleep_for(options.backoff_max, stop));
        continue;
      }
      more = *read;
      start_workers(*subscriber);
      house.notify(*loop);
      progress.notify(*loop);
    }
    if (!more && !stopping()) co_await subscriber->room.wait();
  }
  co_return ok;
}

// Whether there may be more to read at once.
Result<bool> Bus::State::read_more(Subscriber& subscriber) {
  Txn txn = db.begin();
  const Range range{.from = key_prefix(subscriber.read_through + 1), .limit = kReadAtOnce};
  TRY(const std::vector<RawRow> rows, txn.scan_raw(kOutboxTable, range));
  for (const RawRow& row : rows) {
    TRY(const auto key, decode_key<std::tuple<uint64_t>>(row.key));
    const uint64_t sequence = std::get<0>(key);
    subscriber.read_through = sequence;
    // An event that is damaged goes the way of all others, to the dead letters.
    const Result<Event> event = decode_row<Event>(row.value);
    if (event && !subscriber.filter.admits(*event)) continue;
    const std::string resource = event ? event->resource : std::string();
    subscriber.open.insert(sequence);
    Lane& lane = subscriber.lanes[resource];
    lane.sequences.push_back(sequence);
    if (lane.sequences.size() == 1) subscriber.ready.push_back(resource);
  }
  return rows.size() == kReadAtOnce;
}

// --- Handling --------------------------------------------------------------------------------

void Bus::State::start_workers(Subscriber& subscriber) {
  while (subscriber.workers < options.concurrency_max &&
         subscriber.starting < subscriber.ready.size()) {
    ++subscriber.workers;
    ++subscriber.starting;
    nursery->spawn(work(&subscriber));
  }
}

Task<void> Bus::State::work(Subscriber* subscriber) {
  --subscriber->starting;
  while (!subscriber->ready.empty() && !stopping()) {
    std::string resource = std::move(subscriber->ready.front());
    subscriber->ready.pop_front();
    CO_TRY(co_await deliver(subscriber, std::move(resource)));
  }
  --subscriber->workers;
  co_return ok;
}

Task<void> Bus::State::deliver(Subscriber* subscriber, std::string resource) {
  const uint64_t sequence = subscriber->lanes[resource].sequences.front();
  Result<Event> event = read_event(db, sequence);
  const bool damaged = !event;
  Result<void> handled;
  if (damaged) {
    handled = fail(event.error());
    event = Event{.resource = resource, .sequence = sequence};
  } else {
    handled = co_await call(subscriber, *event);
  }
  const unsigned failures = ++subscriber->lanes[resource].failures;
  if (!handled) {
    runtime::log(runtime::LogLevel::warning, "bus.handler_failed",
                 {{"subscriber", subscriber->name},
                  {"resource", resource},
                  {"attempt", std::to_string(failures)},
                  {"error", handled.error().message}});
    // What fails because everything ends has not been tried.
    if (damaged) {
      handled = co_await park(subscriber, *event, handled.error(), failures);
    } else if (failures >= options.attempts_max && !stopping()) {
      handled = co_await give_up(subscriber, *event, handled.error(), failures);
    }
  }
  if (handled) {
    finish(*subscriber, resource, sequence);
  } else {
    nursery->spawn(retry_later(subscriber, resource, backoff(options, failures)));
  }
  co_return ok;
}

Task<void> Bus::State::call(Subscriber* subscriber, Event event) {
  Result<void> result;
  try {
    Task<void> handling = subscriber->handler(std::move(event));
    result = co_await std::move(handling);
  } catch (const std::exception& exception) {
    result = fail(ErrorKind::internal, exception.what());
  }
  co_await loop->resume_here();
  co_return result;
}

Task<void> Bus::State::give_up(Subscriber* subscriber, Event event, Error reason,
                               unsigned attempts) {
  if (subscriber->last_resort) {
    Result<void> result;
    try {
      Task<void> resort = subscriber->last_resort(event, reason);
      result = co_await std::move(resort);
    } catch (const std::exception& exception) {
      result = fail(ErrorKind::internal, exception.what());
    }
    co_await loop->resume_here();
    CO_TRY(std::move(result));
  }
  co_return co_await park(subscriber, std::move(event), std::move(reason), attempts);
}

Task<void> Bus::State::park(Subscriber* subscriber, Event event, Error reason, unsigned attempts) {
  DeadLetter letter;
  letter.subscriber = subscriber->name;
  letter.sequence = event.sequence;
  letter.event = std::move(event);
  letter.reason = std::move(reason.message);
  letter.attempts = attempts;
  letter.parked = clock.now();
  runtime::log(runtime::LogLevel::error, "bus.parked",
               {{"subscriber", letter.subscriber},
                {"sequence", std::to_string(letter.sequence)},
                {"reason", letter.reason}});
  Txn txn = db.begin();
  txn.put(kDeadLetters, letter);
  co_return co_await txn.commit();
}

Task<void> Bus::State::retry_later(Subscriber* subscriber, std::string resource,
                                   microseconds delay) {
  CO_TRY(co_await clock.sleep_for(delay, stop));
  co_await loop->resume_here();
  subscriber->ready.push_back(std::move(resource));
  start_workers(*subscriber);
  co_return ok;
}

void Bus::State::finish(Subscriber& subscriber, const std::string& resource, uint64_t sequence) {
  subscriber.open.erase(sequence);
  const auto lane = subscriber.lanes.find(resource);
  lane->second.sequences.pop_front();
  lane->second.failures = 0;
  if (lane->second.sequences.empty()) {
    subscriber.lanes.erase(lane);
  } else {
    subscriber.ready.push_back(resource);
  }
  subscriber.room.notify(*loop);
  house.notify(*loop);
  progress.notify(*loop);
}

// --- Cursors ---------------------------------------------------------------------------------

uint64_t Bus::State::done_through() const {
  uint64_t through = db.last_sequence();
  for (const auto& subscriber : subscribers)
    through = std::min(through, subscriber->done_through());
  return through;
}

bool Bus::State::must_save() const {
  const uint64_t enough = idle() ? 1 : kEventsBetweenCursors;
  if (done_through() >= floor + enough) return true;
  return std::any_of(subscribers.begin(), subscribers.end(),
                     [enough](const auto& s) { return s->done_through() >= s->saved + enough; });
}

Task<void> Bus::State::save() {
  Txn txn = db.begin();
  std::vector<uint64_t> saved;
  for (const auto& subscriber : subscribers) {
    const uint64_t done = subscriber->done_through();
    saved.push_back(done);
    txn.put_raw(kCursorsTable, key_prefix(subscriber->name), key_prefix(done));
  }
  // In one commit with the cursors: what is trimmed is behind every cursor that can be read.
  const uint64_t trimmed = std::min(std::max(done_through(), floor), floor + kTrimAtOnce);
  for (uint64_t s = floor + 1; s <= trimmed; ++s) txn.erase_raw(kOutboxTable, key_prefix(s));
  txn.put_raw(kMetaTable, kOutboxFloorKey, key_prefix(trimmed));
  CO_TRY(co_await txn.commit_lazily());
  co_await loop->resume_here();
  for (size_t i = 0; i < saved.size(); ++i) subscribers[i]->saved = saved[i];
  floor = trimmed;
  co_return ok;
}

Task<void> Bus::State::keep_house() {
  while (!stopping()) {
    if (!must_save()) {
      co_await house.wait();
      continue;
    }
    const Result<void> saved = co_await save();
    if (!saved) {
      runtime::log(runtime::LogLevel::error, "bus.save_failed", {{"error", saved.error().message}});
      static_cast<void>(co_await clock.sleep_for(options.backoff_max, stop));
    }
  }
  co_return ok;
}

// --- Bus -------------------------------------------------------------------------------------

Bus::Bus(Database& db, runtime::Clock& clock) : Bus(db, clock, Options()) {}
Bus::Bus(Database& db, runtime::Clock& clock, Options options)
    : state_(std::make_shared<State>(db, clock, options)) {}
Bus::~Bus() = default;

void Bus::subscribe(std::string name, EventFilter filter, Handler handler, LastResort last_resort) {
  ASSERT(state_->nursery == nullptr);
  auto subscriber = std::make_unique<Subscriber>();
  subscriber->name = std::move(name);
  subscriber->filter = std::move(filter);
  subscriber->handler = std::move(handler);
  subscriber->last_resort = std::move(last_resort);
  state_->subscribers.push_back(std::move(subscriber));
}

Result<void> Bus::start(runtime::Nursery& nursery) {
  ASSERT(state_->nursery == nullptr);
  TRY(state_->read_cursors());
  runtime::Loop* const loop = &nursery.loop();
  state_->nursery = &nursery;
  state_->loop = loop;
  state_->stop = nursery.stop_token();
  const std::function<void()> wake = [weak = std::weak_ptr<State>(state_), loop] {
    loop->post(std::function<void()>([weak] {
      if (const auto state = weak.lock()) state->wake_all();
    }));
  };
  state_->watch = state_->db.watch(std::string(kOutboxTable), wake);
  state_->on_stop.emplace(nursery.stop_token(), wake);
  for (const auto& subscriber : state_->subscribers) {
    nursery.spawn(state_->pump(subscriber.get()));
  }
  nursery.spawn(state_->keep_house());
  return {};
}

Task<void> Bus::drain() {
  const std::shared_ptr<State> state = state_;
  ASSERT(state->nursery != nullptr);
  runtime::Loop* const home = runtime::Loop::current();
  co_await state->loop->resume_here();
  while (!state->idle() && !state->stopping()) co_await state->progress.wait();
  const bool drained = state->idle();
  if (home != nullptr) co_await home->resume_here();
  if (!drained) co_return fail(ErrorKind::deadline, "the bus is stopped");
  co_return ok;
}

}  // namespace millrace::store
