#include "wire/auth/md5_team.h"

#include <algorithm>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/loop.h"

namespace millrace::auth {
namespace {

constexpr size_t kStepBytes = 16 * 1024;  // Of every lane; then others may join.
// Where several upload, a lone piece waits for company until so many lanes are filled, until so
// many of its own wait behind it, or until somebody waits for it.
constexpr size_t kCompanyMax = 3;
constexpr size_t kPiecesAlone = 3;

struct Waiter {
  std::coroutine_handle<> handle;
  runtime::Loop* home = nullptr;
  size_t unfinished = 0;
};

void wake(const Waiter& waiter) {
  if (waiter.home != nullptr) {
    waiter.home->post(waiter.handle);
  } else {
    waiter.handle.resume();
  }
}

}  // namespace

// Guarded by the team's mutex, but for `stream` and `first`, which belong to the thread that
// digests.
struct Md5Team::Member::State {
  State(Md5Team::State& t, Md5Stream& s, std::function<void(BytesView)> f)
      : team(t), stream(s), first(std::move(f)) {}

  Md5Team::State& team;
  Md5Stream& stream;
  const std::function<void(BytesView)> first;
  std::deque<BytesView> pieces;  // That wait.
  bool in_lane = false;
  size_t unfinished = 0;
  Waiter waiter;
};

struct Md5Team::State {
  struct Chosen {
    Member::State* member = nullptr;
    BytesView piece;
  };

  State(runtime::Pool& p, unsigned t) : pool(p), threads_max(t) {}

  // Whether it is time to begin, with `member` the one that has changed.
  bool is_due(const Member::State& member) const;
  void start();
  void run();
  // Takes the member out of its lane; answers who waited for that.
  Waiter retire(Member::State& member);
  // Takes waiting members for as many lanes as are free.
  void choose(size_t free, std::vector<Chosen>& chosen);

  runtime::Pool& pool;
  const unsigned threads_max;
  DigestRounds rounds;
  std::mutex mutex;
  std::condition_variable changed;     // A member left its lane, or the thread of the pool ended.
  std::deque<Member::State*> waiting;  // With pieces, in no lane.
  size_t members = 0;
  size_t in_lanes = 0;   // Members, of all threads.
  unsigned threads = 0;  // Of the pool, that digest or will.
};

Waiter Md5Team::State::retire(Member::State& member) {
  member.in_lane = false;
  --in_lanes;
  --member.unfinished;
  if (!member.pieces.empty()) waiting.push_back(&member);
  if (!member.waiter.handle || member.unfinished > member.waiter.unfinished) return {};
  return std::exchange(member.waiter, {});
}

void Md5Team::State::choose(size_t free, std::vector<Chosen>& chosen) {
  for (; !waiting.empty() && free > 0; --free) {
    Member::State& member = *waiting.front();
    waiting.pop_front();
    member.in_lane = true;
    ++in_lanes;
    chosen.push_back({&member, member.pieces.front()});
    member.pieces.pop_front();
  }
}

bool Md5Team::State::is_due(const Member::State& member) const {
  if (waiting.empty() || threads == threads_max) return false;
  // Those that digest take who waits, as long as they have lanes.
  if (threads > 0) return in_lanes == threads * kMd5Lanes && waiting.size() >= kCompanyMax;
  return member.waiter.handle || waiting.size() >= std::min(members, kCompanyMax) ||
         member.pieces.size() >= kPiecesAlone;
}

void Md5Team::State::start() {
  // A pool that has no room: the giver does the work, which slows it as it should.
  if (!pool.submit([this] { run(); })) run();
}

void Md5Team::State::run() {
  Md5Lanes lanes;
  std::vector<Member::State*> ended;
  std::vector<Chosen> chosen;
  std::vector<Waiter> ready;
  for (bool idle = false;;) {
    {
      const std::lock_guard lock(mutex);
      for (Member::State* const member : ended) {
        if (const Waiter waiter = retire(*member); waiter.handle) ready.push_back(waiter);
      }
      choose(lanes.free(), chosen);
      idle = lanes.empty() && chosen.empty();
      if (idle) --threads;
      if (idle || !ended.empty()) changed.notify_all();
    }
    ended.clear();
    // Who goes on may end its member; where nothing is left to digest, also the team.
    for (const Waiter& waiter : ready) wake(waiter);
    if (idle) return;
    ready.clear();
    for (const auto& [member, piece] : chosen) {
      if (member->first) member->first(piece);
      lanes.add(member->stream, piece, member);
    }
    chosen.clear();
    lanes.step(kStepBytes,
               [&ended](void* member) { ended.push_back(static_cast<Member::State*>(member)); });
  }
}

Md5Team::Md5Team(runtime::Pool& pool, unsigned threads_max)
    : state_(std::make_unique<State>(pool, threads_max)) {}

Md5Team::~Md5Team() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->threads == 0; });
}

runtime::Pool& Md5Team::pool() { return state_->pool; }

DigestRounds& Md5Team::rounds() { return state_->rounds; }

bool Md5Team::has_members() const {
  const std::lock_guard lock(state_->mutex);
  return state_->members > 0;
}

Md5Team::Member::Member(Md5Team& team, Md5Stream& stream, std::function<void(BytesView)> first)
    : state_(std::make_unique<State>(*team.state_, stream, std::move(first))) {
  const std::lock_guard lock(team.state_->mutex);
  ++team.state_->members;
}

Md5Team::Member::~Member() {
  Md5Team::State& team = state_->team;
  std::unique_lock lock(team.mutex);
  state_->pieces.clear();
  std::erase(team.waiting, state_.get());
  team.changed.wait(lock, [this] { return !state_->in_lane; });
  --team.members;
}

void Md5Team::Member::give(BytesView piece) {
  Md5Team::State& team = state_->team;
  {
    const std::lock_guard lock(team.mutex);
    state_->pieces.push_back(piece);
    ++state_->unfinished;
    if (!state_->in_lane && state_->pieces.size() == 1) team.waiting.push_back(state_.get());
    if (!team.is_due(*state_)) return;
    ++team.threads;
  }
  team.start();
}

Task<void> Md5Team::Member::settled(size_t unfinished) {
  struct Awaiter {
    State& state;
    size_t unfinished;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      Md5Team::State& team = state.team;
      {
        const std::lock_guard lock(team.mutex);
        ASSERT(!state.waiter.handle);
        if (state.unfinished <= unfinished) return false;
        state.waiter = {handle, runtime::Loop::current(), unfinished};
        if (!team.is_due(state)) return true;
        ++team.threads;
      }
      // From here on the awaiter may have gone on.
      team.start();
      return true;
    }
    void await_resume() const noexcept {}
  };
  Awaiter awaiter{*state_, unfinished};
  co_await awaiter;
  co_return ok;
}

}  // namespace millrace::auth
