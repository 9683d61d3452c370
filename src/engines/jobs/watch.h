// Watches: what the kernel tells about the files of jobs and the ends of their supervisors, as
// calls on a loop's thread. Only that thread may use them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/loop.h"

namespace millrace::jobs {

// Changes of files in directories: written, or renamed in.
class DirectoryWatch final {
 public:
  using Changed = std::function<void(int watch)>;
  DirectoryWatch(runtime::Loop& loop, Changed changed);
  ~DirectoryWatch();  // No call follows.
  void close();       // The same, for who is destroyed on another thread later.
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

  Result<void> open();  // Errors: exhausted (the kernel's instances).
  // Answers the number that Changed gets. Errors: exhausted (the kernel's watches), not_found.
  Result<int> add(const std::string& directory);
  void remove(int watch);

 private:
  struct State;
  std::shared_ptr<State> state_;  // Shared with the wait that is under way.
};

// The end of one process, by its pidfd, which it owns. A child is reaped.
class ProcessWatch final {
 public:
  ProcessWatch(runtime::Loop& loop, int pidfd, std::function<void()> ended);
  ~ProcessWatch();  // No call follows.
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  bool terminate();  // SIGTERM. False when it has ended.

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A pidfd of the process that had this pid and this start time. Errors: not_found.
Result<int> open_process(int pid, uint64_t start);

}  // namespace millrace::jobs
