// DigestRounds: small bodies that have come on one loop at about the same time are digested
// together, which costs each less than a digest of its own (base/md5_lanes.h).
//
// A round begins with the first body that asks for it, and is held when the loop is through with
// what was ready by then. Thread-safe; every loop has rounds of its own. Outlives its rounds.
// Burns some 1.4 ns a byte on the loop, so bodies should be small (64 KiB). Errors: none.
#pragma once

#include <coroutine>
#include <map>
#include <vector>

#include "base/md5_lanes.h"
#include "runtime/locked.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace millrace::auth {

class DigestRounds final {
 public:
  // Digests into `stream`, which nobody else touches until this has ended. `bytes` stay until then.
  Task<void> digest(Md5Stream& stream, BytesView bytes);

 private:
  struct Entry {
    Md5Stream* stream = nullptr;
    BytesView bytes;
    std::coroutine_handle<> handle;
  };
  using Round = std::vector<Entry>;

  // True where it is the first of its round.
  bool enter(runtime::Loop& loop, const Entry& entry);
  void hold(runtime::Loop& loop);

  runtime::Locked<std::map<runtime::Loop*, Round>> rounds_;
};

}  // namespace millrace::auth
