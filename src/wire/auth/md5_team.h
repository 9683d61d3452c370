// Md5Team: the MD5s of all large bodies that are under way, together on few threads of a pool.
//
// MD5 leaves most of a core idle (base/md5_lanes.h), so eight uploads cost about what one does, and
// their SHA-256 little more where the processor takes both at once. A member's pieces are digested
// in the order in which they are given. New pieces join between two steps of the others, so nobody
// waits for a turn while there are lanes; where several upload, a piece that nobody waits for yet
// waits itself for a few of the others' to go along with.
//
// The team is thread-safe; a Member belongs to one task. The destructor of a member drops what has
// not begun and waits, on the calling thread, for the piece that runs (512 KiB: 0.8 ms). The team
// outlives its members, and the pool the team. Limits: whoever gives awaits settled() often enough.
#pragma once

#include <functional>
#include <memory>

#include "base/md5_lanes.h"
#include "runtime/pool.h"
#include "runtime/task.h"
#include "wire/auth/digest_rounds.h"

namespace millrace::auth {

class Md5Team final {
 public:
  // Further threads of the pool, up to so many, help where the lanes of the others are full.
  explicit Md5Team(runtime::Pool& pool, unsigned threads_max = 1);
  ~Md5Team();
  Md5Team(const Md5Team&) = delete;
  Md5Team& operator=(const Md5Team&) = delete;

  runtime::Pool& pool();
  // Whether there are members.
  bool has_members() const;
  // For bodies that are too small to be members.
  DigestRounds& rounds();

  class Member final {
   public:
    // Digests into `stream`, which nobody else touches until settled() has ended. Where `first` is
    // given, it is called with each piece before that, on the team's thread; it throws nothing.
    Member(Md5Team& team, Md5Stream& stream, std::function<void(BytesView)> first = {});
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    // `piece` stays until it is digested.
    void give(BytesView piece);
    // Ends when at most `unfinished` pieces wait or run. One call at a time. Errors: none.
    Task<void> settled(size_t unfinished = 0);

   private:
    friend class Md5Team;
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::auth
