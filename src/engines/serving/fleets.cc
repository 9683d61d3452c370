#include "engines/serving/fleets.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "runtime/locked.h"
#include "runtime/log.h"
#include "runtime/repeat.h"

namespace millrace::serving {
namespace {

constexpr int kInvokeAttemptsMax = 3;
constexpr size_t kModelNameBytes = 16;

// All copies of one variant in a generation, with what starts each.
struct Planned {
  const Variant* variant = nullptr;
  std::vector<Worker> workers;
};

std::string worker_id(const Generation& generation, size_t variant, int64_t copy) {
  return fmt::format("worker-{}-{}-{}-{}", generation.tag, generation.number, variant, copy);
}

// The folder of an unpacked model. It belongs to its generation, so that an archive that was
// replaced in its bucket is fetched anew.
runtime::Path model_folder(const runtime::Path& folder, const Generation& generation,
                           const Variant& variant) {
  const std::string name =
      fmt::format("{}-{}-{}", generation.tag, generation.number,
                  to_hex(sha256(variant.model_url)).substr(0, kModelNameBytes));
  return folder / name;
}

struct Folders {
  runtime::Path models, run;
};

std::vector<Planned> planned_workers(const Folders& folders, const Generation& generation) {
  std::vector<Planned> out;
  for (size_t i = 0; i < generation.variants.size(); ++i) {
    const Variant& variant = generation.variants[i];
    Planned planned{.variant = &variant, .workers = {}};
    for (int64_t copy = 0; copy < variant.instances; ++copy) {
      const std::string id = worker_id(generation, i, copy);
      planned.workers.push_back(
          {.id = id,
           .image = variant.image,
           .model = variant.model_url.empty() ? runtime::Path()
                                              : model_folder(folders.models, generation, variant),
           .folder = folders.run / to_hex(sha256(id)).substr(0, kModelNameBytes),
           .environment = {variant.environment.begin(), variant.environment.end()}});
    }
    out.push_back(std::move(planned));
  }
  return out;
}

runtime::Path socket_of(const Worker& worker) { return worker.folder / "serve.sock"; }

}  // namespace

const std::string* Answer::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    const bool same = name.size() == lower_case_name.size() &&
                      std::equal(name.begin(), name.end(), lower_case_name.begin(),
                                 [](char a, char b) { return (a | 0x20) == b || a == b; });
    if (same) return &value;
  }
  return nullptr;
}

struct Fleets::State : std::enable_shared_from_this<State> {
  explicit State(World w) : world(w), routes(w.random) {}

  // A worker that should run, whether it is routed to yet or not.
  struct Watched {
    Place place;
    Worker worker;
    SeatPtr seat;
    milliseconds startup_timeout{60'000};
    milliseconds delay = kRestartDelayFirst;
    std::string ended;  // Why, where it has ended and was not restarted yet.
  };

  World world;
  Routes routes;
  runtime::Locked<std::map<std::string, Watched>> watched;

  Folders folders() const { return {world.folder, world.run_folder}; }
  Task<void> prepare_model(Realm realm, Variant variant, runtime::Path folder);
  Task<void> start_workers(Realm realm, std::string endpoint, Generation generation);
  Task<void> wait_healthy(std::string id);
  Task<void> restart(std::string id, milliseconds delay);
  Task<void> start_again(std::string id, Worker worker);
  Task<void> watch_health();
  Task<void> stop_generation(Generation generation);
  Route route_of(const Generation& generation);
  void route_to(const Generation& generation, const Routes::Name& name);
  Task<void> drain(Route route);
  std::optional<std::string> end_of(const std::string& id);
};

Fleets::Fleets(World world) : state_(std::make_shared<State>(world)) {}
Fleets::~Fleets() = default;

// Unpacks beside and renames, so that a folder that is there is whole.
Task<void> Fleets::State::prepare_model(Realm realm, Variant variant, runtime::Path folder) {
  const auto there = [this, folder]() -> Result<bool> {
    const auto found = world.disk.list(folder);
    if (!found && found.error().kind != ErrorKind::not_found) return fail(found.error());
    return found.has_value();
  };
  CO_TRY(const bool exists, co_await world.pool.run(there));
  if (exists) co_return ok;
  const runtime::Path beside = folder.string() + ".new";
  auto clear = [this, beside]() -> Result<void> {
    TRY(world.disk.remove_tree(beside));
    return world.disk.make_directories(beside.parent_path());
  };
  CO_TRY(co_await world.pool.run(clear));
  const Result<void> fetched =
      co_await world.models.fetch(std::move(realm), variant.model_url, variant.reader, beside);
  if (!fetched) {
    auto give_up = [this, beside] { return world.disk.remove_tree(beside); };
    CO_TRY(co_await world.pool.run(give_up));
    co_return fetched;
  }
  auto publish = [this, beside, folder] { return world.disk.rename(beside, folder); };
  co_return co_await world.pool.run(publish);
}

Task<void> Fleets::State::start_workers(Realm realm, std::string endpoint, Generation generation) {
  std::vector<Planned> plans = planned_workers(folders(), generation);
  for (Planned& planned : plans) {
    if (!planned.variant->model_url.empty()) {
      const Variant& variant = *planned.variant;
      const runtime::Path& model = planned.workers.front().model;
      const auto prepare = [&] { return prepare_model(realm, variant, model); };
      CO_TRY(co_await runtime::repeat<void>(world.clock, prepare));
    }
    for (Worker& worker : planned.workers) {
      auto seat = std::make_shared<Seat>();
      seat->worker_id = worker.id;
      seat->variant = planned.variant->name;
      seat->socket = socket_of(worker);
      const milliseconds timeout{planned.variant->startup_timeout_ms};
      watched.with([&](auto& map) {
        map.try_emplace(worker.id, Watched{.place = {realm, endpoint, planned.variant->name},
                                           .worker = worker,
                                           .seat = seat,
                                           .startup_timeout = timeout});
      });
      const auto start = [&] { return world.host.start(worker); };
      CO_TRY(co_await runtime::repeat<void>(world.clock, start));
    }
  }
  co_return ok;
}

std::optional<std::string> Fleets::State::end_of(const std::string& id) {
  return watched.with([&](auto& map) -> std::optional<std::string> {
    const auto it = map.find(id);
    if (it == map.end()) return "it was stopped";
    if (it->second.ended.empty()) return std::nullopt;
    return it->second.ended;
  });
}

// Asks /ping until the worker answers 200, has ended, or its time is over.
Task<void> Fleets::State::wait_healthy(std::string id) {
  const auto found = watched.with([&](auto& map) -> std::optional<Watched> {
    const auto it = map.find(id);
    if (it == map.end()) return std::nullopt;
    return it->second;
  });
  if (!found) co_return fail(ErrorKind::not_found, "the worker was stopped");
  const Time deadline = world.clock.now() + found->startup_timeout;
  for (;;) {
    Request ping{.target = "/ping", .headers = {}, .body = {}, .timeout = milliseconds(2'000)};
    const Result<Answer> answer =
        co_await world.exchange.send(found->seat->socket, std::move(ping));
    if (answer && answer->status == 200) break;
    if (auto end = end_of(id)) {
      co_return fail(ErrorKind::invalid,
                     fmt::format("The model's program ended before it was ready: {}", *end));
    }
    if (world.clock.now() >= deadline) {
      co_return fail(ErrorKind::invalid, "The primary container for production variant " +
                                             found->seat->variant +
                                             " did not pass the ping health check.");
    }
    CO_TRY(co_await world.clock.sleep_for(kHealthInterval, world.nursery.stop_token()));
  }
  found->seat->healthy.store(true);
  watched.with([&](auto& map) {
    if (const auto it = map.find(id); it != map.end()) it->second.delay = kRestartDelayFirst;
  });
  co_return ok;
}

Route Fleets::State::route_of(const Generation& generation) {
  Route route;
  for (const Planned& planned : planned_workers(folders(), generation)) {
    RouteVariant variant{planned.variant->name, planned.variant->weight, {}};
    for (const Worker& worker : planned.workers) {
      watched.with([&](auto& map) {
        const auto it = map.find(worker.id);
        if (it != map.end()) variant.seats.push_back(it->second.seat);
      });
    }
    route.push_back(std::move(variant));
  }
  return route;
}

void Fleets::State::route_to(const Generation& generation, const Routes::Name& name) {
  if (generation.number == 0) {
    routes.remove(name);
  } else {
    routes.set(name, route_of(generation));
  }
}

Task<void> Fleets::State::stop_generation(Generation generation) {
  for (const Planned& planned : planned_workers(folders(), generation)) {
    for (const Worker& worker : planned.workers) {
      watched.with([&](auto& map) { map.erase(worker.id); });
      CO_TRY(co_await world.host.stop(worker.id));
    }
    const auto remove = [this, &planned]() -> Result<void> {
      for (const Worker& worker : planned.workers) {
        TRY(world.disk.remove_tree(worker.folder));
        if (!worker.model.empty()) TRY(world.disk.remove_tree(worker.model));
      }
      return {};
    };
    const auto step = [&] { return world.pool.run(remove); };
    CO_TRY(co_await runtime::repeat<void>(world.clock, step));
  }
  co_return ok;
}

Task<void> Fleets::State::drain(Route route) {
  const Time deadline = world.clock.now() + kDrainPatience;
  for (const RouteVariant& variant : route) {
    for (const SeatPtr& seat : variant.seats) {
      while (seat->in_flight.load() > 0 && world.clock.now() < deadline) {
        CO_TRY(co_await world.clock.sleep_for(kHealthInterval, world.nursery.stop_token()));
      }
    }
  }
  co_return ok;
}

Task<void> Fleets::deploy(Realm realm, std::string endpoint) {
  const std::shared_ptr<State> state = state_;
  store::Txn txn = state->world.db.begin();
  CO_TRY(const Fleet fleet, txn.get(kFleets, {realm, endpoint}));
  if (fleet.deploying.number == 0) co_return ok;
  CO_TRY(co_await state->start_workers(realm, endpoint, fleet.deploying));
  for (const Planned& planned : planned_workers(state->folders(), fleet.deploying)) {
    for (const Worker& worker : planned.workers) {
      CO_TRY(co_await state->wait_healthy(worker.id));
    }
  }
  state->route_to(fleet.deploying, {realm, endpoint});
  co_return ok;
}

Task<void> Fleets::settle(Realm realm, std::string endpoint) {
  const std::shared_ptr<State> state = state_;
  store::Txn txn = state->world.db.begin();
  CO_TRY(std::optional<Fleet> fleet, txn.find(kFleets, {realm, endpoint}));
  if (!fleet) co_return ok;
  const Routes::Name name{realm, endpoint};
  state->route_to(fleet->serving, name);
  for (const Generation& generation : fleet->retiring) {
    CO_TRY(co_await state->drain(state->route_of(generation)));
  }
  for (const Generation& generation : fleet->retiring) {
    CO_TRY(co_await state->stop_generation(generation));
  }
  fleet->retiring.clear();
  if (fleet->serving.number == 0 && fleet->deploying.number == 0) {
    txn.erase(kFleets, {realm, endpoint});
  } else {
    txn.put(kFleets, *fleet);
  }
  co_return co_await txn.commit();
}

Task<void> Fleets::open() {
  const std::shared_ptr<State> state = state_;
  store::Txn txn = state->world.db.begin();
  CO_TRY(const std::vector<Fleet> fleets, txn.scan(kFleets, {}));
  for (const Fleet& fleet : fleets) {
    if (fleet.serving.number == 0) continue;
    CO_TRY(co_await state->start_workers(fleet.realm, fleet.endpoint, fleet.serving));
    state->route_to(fleet.serving, {fleet.realm, fleet.endpoint});
    for (const Planned& planned : planned_workers(state->folders(), fleet.serving)) {
      for (const Worker& worker : planned.workers) {
        state->world.nursery.spawn(state->wait_healthy(worker.id));
      }
    }
  }
  state->world.nursery.spawn(state->watch_health());
  co_return ok;
}

Task<void> Fleets::stop_workers() {
  const std::shared_ptr<State> state = state_;
  // Taken out first, so that their ends are nobody's business.
  const auto workers = state->watched.with([](auto& map) { return std::exchange(map, {}); });
  for (const auto& [id, entry] : workers) CO_TRY(co_await state->world.host.stop(id));
  co_return ok;
}

// Looks after workers that are routed to: one that stops answering gets no requests until it does.
Task<void> Fleets::State::watch_health() {
  for (;;) {
    CO_TRY(co_await world.clock.sleep_for(kHealthWatchInterval, world.nursery.stop_token()));
    std::vector<SeatPtr> seats;
    watched.with([&](auto& map) {
      for (auto& [id, entry] : map) {
        if (entry.ended.empty()) seats.push_back(entry.seat);
      }
    });
    for (const SeatPtr& seat : seats) {
      if (routes.find(seat->worker_id) == nullptr) continue;
      Request ping{.target = "/ping", .headers = {}, .body = {}, .timeout = milliseconds(2'000)};
      const Result<Answer> answer = co_await world.exchange.send(seat->socket, std::move(ping));
      seat->healthy.store(answer && answer->status == 200);
    }
  }
}

Task<void> Fleets::State::restart(std::string id, milliseconds delay) {
  CO_TRY(co_await world.clock.sleep_for(delay, world.nursery.stop_token()));
  const auto worker = watched.with([&](auto& map) -> std::optional<Worker> {
    const auto it = map.find(id);
    if (it == map.end()) return std::nullopt;
    it->second.ended.clear();
    it->second.delay = std::min(it->second.delay * 2, kRestartDelayMax);
    return it->second.worker;
  });
  if (!worker) co_return ok;
  const Result<void> started = co_await start_again(id, *worker);
  if (started) co_return co_await wait_healthy(id);
  if (world.nursery.stop_token().stop_requested()) co_return ok;
  runtime::log(runtime::LogLevel::warning, "worker.not_restarted",
               {{"worker", id}, {"error", started.error().message}});
  const milliseconds next = std::clamp(delay * 2, kRestartDelayFirst, kRestartDelayMax);
  world.nursery.spawn(restart(std::move(id), next));
  co_return ok;
}

Task<void> Fleets::State::start_again(std::string id, Worker worker) {
  CO_TRY(co_await world.host.stop(std::move(id)));
  co_return co_await world.host.start(std::move(worker));
}

std::optional<Place> Fleets::place_of(const std::string& id) const {
  return state_->watched.with([&](auto& map) -> std::optional<Place> {
    const auto it = map.find(id);
    if (it == map.end()) return std::nullopt;
    return it->second.place;
  });
}

void Fleets::worker_ended(std::string id, std::string cause) {
  const auto delay = state_->watched.with([&](auto& map) -> std::optional<milliseconds> {
    const auto it = map.find(id);
    if (it == map.end()) return std::nullopt;
    it->second.seat->healthy.store(false);
    it->second.ended = cause.empty() ? "it ended" : cause;
    return it->second.delay;
  });
  // A worker that is not routed to yet belongs to a deployment, which fails by it.
  if (!delay || state_->routes.find(id) == nullptr) return;
  runtime::log(runtime::LogLevel::warning, "worker.ended", {{"worker", id}, {"cause", cause}});
  state_->world.nursery.spawn(state_->restart(std::move(id), *delay));
}

std::map<std::string, int64_t> Fleets::healthy(const Realm& realm,
                                               const std::string& endpoint) const {
  return state_->routes.healthy({realm, endpoint});
}

namespace {

// Counts a request in and out of a seat.
class Occupied final {
 public:
  explicit Occupied(Seat& seat) : seat_(seat) { ++seat_.in_flight; }
  ~Occupied() { --seat_.in_flight; }
  Occupied(const Occupied&) = delete;
  Occupied& operator=(const Occupied&) = delete;

 private:
  Seat& seat_;
};

}  // namespace

Task<InvokeAnswer> Fleets::invoke(InvokeRequest request) {
  const std::shared_ptr<State> state = state_;
  const Routes::Name name{request.realm, request.endpoint};
  const Time began = state->world.clock.now();
  Error last{ErrorKind::exhausted, "no worker is healthy"};
  for (int attempt = 0; attempt < kInvokeAttemptsMax; ++attempt) {
    CO_TRY(const SeatPtr seat, state->routes.choose(name, request.variant));
    const Occupied occupied(*seat);
    const Time sent = state->world.clock.now();
    Result<Answer> answer = co_await state->world.exchange.send(seat->socket, request.request);
    const Time ended = state->world.clock.now();
    // A worker that nobody listens for has not seen the request: another one may.
    if (!answer && answer.error().kind == ErrorKind::not_found) {
      seat->healthy.store(false);
      last = std::move(answer).error();
      continue;
    }
    const Invocation invocation{.endpoint = request.endpoint,
                                .variant = seat->variant,
                                .status = answer ? answer->status : 0,
                                .model_latency = ended - sent,
                                .overhead_latency = sent - began};
    state->world.meter.record(request.realm, invocation);
    if (!answer) co_return fail(std::move(answer).error());
    co_return InvokeAnswer{.answer = std::move(*answer), .variant = seat->variant};
  }
  co_return fail(ErrorKind::exhausted, last.message);
}

}  // namespace millrace::serving
