#include "wire/auth/digest_rounds.h"

#include <utility>

namespace millrace::auth {
namespace {

constexpr size_t kStepBytes = 64 * 1024;

}  // namespace

bool DigestRounds::enter(runtime::Loop& loop, const Entry& entry) {
  return rounds_.with([&](auto& rounds) {
    Round& round = rounds[&loop];
    round.push_back(entry);
    return round.size() == 1;
  });
}

void DigestRounds::hold(runtime::Loop& loop) {
  const Round round = rounds_.with([&](auto& rounds) { return std::exchange(rounds[&loop], {}); });
  Md5Lanes lanes;
  for (const Entry& entry : round) {
    lanes.add(*entry.stream, entry.bytes, nullptr);
    while (lanes.full()) lanes.step(kStepBytes, [](void*) {});
  }
  while (!lanes.empty()) lanes.step(kStepBytes, [](void*) {});
  for (const Entry& entry : round) entry.handle.resume();
}

Task<void> DigestRounds::digest(Md5Stream& stream, BytesView bytes) {
  struct Awaiter {
    DigestRounds& rounds;
    runtime::Loop& loop;
    Entry entry;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
      entry.handle = handle;
      if (rounds.enter(loop, entry)) loop.post([&r = rounds, &l = loop] { r.hold(l); });
    }
    void await_resume() const noexcept {}
  };
  runtime::Loop* const loop = runtime::Loop::current();
  if (loop == nullptr) {
    stream.update(bytes);
    co_return ok;
  }
  Awaiter awaiter{*this, *loop, {&stream, bytes, {}}};
  co_await awaiter;
  co_return ok;
}

}  // namespace millrace::auth
