// Lane: work that a Pool does in the order in which it is given, one piece at a time. Several lanes
// on one pool run side by side: the digests of one stream, each over the same pieces.
//
// A lane belongs to one task, which gives it work and awaits it. The destructor drops what has not
// begun and waits, on the calling thread, for the piece that runs: make pieces short. Work throws
// nothing. Limits: whoever gives awaits settled() often enough to bound what waits.
#pragma once

#include <functional>
#include <memory>

#include "runtime/pool.h"
#include "runtime/task.h"

namespace millrace::runtime {

class Lane final {
 public:
  explicit Lane(Pool& pool);  // Outlives the lane.
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void give(std::function<void()> work);
  // Ends when at most `unfinished` pieces wait or run. One call at a time. Errors: none.
  Task<void> settled(size_t unfinished = 0);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::runtime
