#include "engines/sql/sql.h"

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <utility>

#include "engines/sql/library.h"

namespace millrace::sql {
namespace {

// A database that no query uses now.
struct Idle {
  uint64_t memory_bytes = 0;
  unsigned threads = 0;
  std::unique_ptr<Session> session;
};

}  // namespace

struct Sql::State {
  State(World w, Limits l) : world(std::move(w)), limits(l), library(world.libraries) {}

  Result<std::unique_ptr<Session>> session(const Query& query);
  void give_back(const Query& query, std::unique_ptr<Session> session);

  World world;
  const Limits limits;
  Library library;
  runtime::Locked<std::vector<Idle>> idle;
  std::atomic<size_t> running = 0;
};

Result<std::unique_ptr<Session>> Sql::State::session(const Query& query) {
  const QueryLimits& wanted = query.limits;
  std::unique_ptr<Session> found = idle.with([&](std::vector<Idle>& all) {
    for (auto it = all.begin(); query.shared && it != all.end(); ++it) {
      if (it->memory_bytes != wanted.memory_bytes || it->threads != wanted.threads) continue;
      std::unique_ptr<Session> session = std::move(it->session);
      all.erase(it);
      return session;
    }
    return std::unique_ptr<Session>();
  });
  if (found) return found;
  TRY(Driver* const driver, library.driver());
  return driver->open(wanted, limits);
}

void Sql::State::give_back(const Query& query, std::unique_ptr<Session> session) {
  if (!session || !query.shared) return;
  idle.with([&](std::vector<Idle>& all) {
    if (all.size() >= limits.idle_databases_max) return;
    all.push_back({query.limits.memory_bytes, query.limits.threads, std::move(session)});
  });
}

// A query from its beginning to the moment when nothing of it runs.
struct Rows::State final {
  State(std::shared_ptr<Sql::State> o, Query q, std::shared_ptr<Files> f)
      : owner(std::move(o)), query(std::move(q)), files(std::move(f)) {}

  // All three block.
  Result<void> begin();
  Result<const Chunk*> next();
  void finish();

  void interrupt();
  Result<void> count(const Chunk& chunk);

  std::shared_ptr<Sql::State> owner;
  const Query query;
  std::shared_ptr<Files> files;
  std::unique_ptr<Session> session;
  std::unique_ptr<Cursor> cursor;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  bool ended = false;
  std::optional<Error> failure;
  // What interrupt() reaches: no query before, and none after, this one.
  struct Target {
    Session* session = nullptr;
    bool interrupted = false;
  };
  runtime::Locked<Target> target;
  std::stop_source watch;  // Ends what waits for the end of the query's time.
  using Callback = std::stop_callback<std::function<void()>>;
  std::unique_ptr<Callback> on_stop;
  std::unique_ptr<Callback> on_close;
};

Result<void> Rows::State::begin() {
  TRY(session, owner->session(query));
  session->clear_interrupt();
  target.with([this](Target& now) {
    now.session = session.get();
    if (now.interrupted) session->interrupt();
  });
  TRY(cursor, session->run(query.statement, *files));
  return {};
}

void Rows::State::interrupt() {
  target.with([](Target& now) {
    now.interrupted = true;
    if (now.session != nullptr) now.session->interrupt();
  });
}

void Rows::State::finish() {
  cursor.reset();
  files.reset();
  target.with([](Target& now) { now.session = nullptr; });
  owner->give_back(query, std::move(session));
  owner->running.fetch_sub(1);
}

Result<void> Rows::State::count(const Chunk& chunk) {
  rows += chunk.rows();
  if (rows > query.limits.rows) {
    return fail(ErrorKind::exhausted, fmt::format("more than {} rows", query.limits.rows));
  }
  if (query.limits.result_bytes == UINT64_MAX) return {};
  bytes += chunk.size_bytes();
  if (bytes <= query.limits.result_bytes) return {};
  return fail(ErrorKind::exhausted,
              fmt::format("more than {} bytes of rows", query.limits.result_bytes));
}

Result<const Chunk*> Rows::State::next() {
  if (failure) return fail(*failure);
  if (ended) return nullptr;
  Result<const Chunk*> chunk = cursor->next();
  if (chunk && *chunk != nullptr) {
    Result<void> counted = count(**chunk);
    if (!counted) chunk = std::unexpected(std::move(counted).error());
  }
  if (!chunk) failure = chunk.error();
  ended = chunk && *chunk == nullptr;
  return chunk;
}

namespace {

// Interrupts the query when its time is up. A query that has ended requests `stop`.
template <class State>
Task<void> watch_time(std::weak_ptr<State> query, runtime::Clock& clock, microseconds limit,
                      std::stop_token stop) {
  CO_TRY(co_await clock.sleep_for(limit, std::move(stop)));
  if (const std::shared_ptr<State> running = query.lock()) running->interrupt();
  co_return ok;
}

}  // namespace

Rows::Rows(std::shared_ptr<State> state) : state_(std::move(state)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&& other) noexcept {
  if (this != &other) {
    end();
    state_ = std::move(other.state_);
  }
  return *this;
}
Rows::~Rows() { end(); }

// Ending what still runs may block, so a thread of the pool does it.
void Rows::end() {
  if (!state_) return;
  state_->on_stop.reset();
  state_->on_close.reset();
  state_->watch.request_stop();
  if (!state_->ended) state_->interrupt();
  const std::function<void()> finish = [state = state_] { state->finish(); };
  if (!state_->owner->world.pool.submit(finish)) finish();
  state_.reset();
}

const std::vector<Column>& Rows::columns() const { return state_->cursor->columns(); }
void Rows::interrupt() { state_->interrupt(); }

Task<const Chunk*> Rows::next() {
  const std::shared_ptr<State> state = state_;
  const auto work = [state]() -> Result<const Chunk*> { return state->next(); };
  Task<const Chunk*> run = state->owner->world.pool.run(work);
  co_return co_await std::move(run);
}

Sql::Sql(World world, Limits limits) : state_(std::make_shared<State>(std::move(world), limits)) {}
Sql::~Sql() = default;

Task<Rows> Sql::query(Query query, std::shared_ptr<Files> files) {
  State& self = *state_;
  if (query.statement.size() > self.limits.statement_bytes_max) {
    co_return fail(ErrorKind::invalid, "the statement is too long");
  }
  if (self.running.fetch_add(1) >= self.limits.queries_max) {
    self.running.fetch_sub(1);
    co_return fail(ErrorKind::exhausted, "too many queries run");
  }
  auto state = std::make_shared<Rows::State>(state_, std::move(query), std::move(files));
  Rows rows(state);  // Ends the query, wherever this leaves.
  const std::function<void()> interrupt = [weak = std::weak_ptr(state)] {
    if (const auto running = weak.lock()) running->interrupt();
  };
  const std::function<void()> close = [interrupt, stop = state->watch]() mutable {
    interrupt();
    stop.request_stop();
  };
  runtime::Nursery& nursery = self.world.nursery;
  state->on_stop = std::make_unique<Rows::State::Callback>(state->query.stop, interrupt);
  state->on_close = std::make_unique<Rows::State::Callback>(nursery.stop_token(), close);
  nursery.spawn(watch_time(std::weak_ptr(state), self.world.clock, state->query.limits.time,
                           state->watch.get_token()));
  const auto work = [state] { return state->begin(); };
  Task<void> begin = self.world.pool.run(work);
  CO_TRY(co_await std::move(begin));
  co_return rows;
}

std::vector<runtime::Path> libraries_beside(const runtime::Path& program) {
  std::error_code code;
  const runtime::Path folder = std::filesystem::canonical(program, code).parent_path();
  constexpr const char* kName = "libmillrace_duckdb.so";
  return {folder / kName, folder / ".." / "lib" / "millrace" / kName};
}

}  // namespace millrace::sql
