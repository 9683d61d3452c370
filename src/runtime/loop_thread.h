// LoopThread: a loop with a thread of its own, for background work.
// Started by the constructor; the destructor stops and joins it. Whatever runs on the loop must
// have ended before (Nursery::close()).
#pragma once

#include <string>
#include <thread>

#include "runtime/loop.h"

namespace millrace::runtime {

class LoopThread final {
 public:
  explicit LoopThread(std::string name);
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  Loop& loop() { return loop_; }

 private:
  Loop loop_;
  std::jthread thread_;
};

}  // namespace millrace::runtime
