// Nursery: owns background tasks. Every task that nobody awaits lives in one, and ends before the
// object that holds it does.
//
// Thread-safe. Tasks run on the nursery's loop. A task that throws ends the process: background
// work answers for its own errors. close() asks the tasks to end and waits; it must have ended
// before the nursery is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "runtime/loop.h"
#include "runtime/task.h"

namespace millrace::runtime {

class Nursery final {
 public:
  explicit Nursery(Loop& loop);
  ~Nursery();
  Nursery(const Nursery&) = delete;
  Nursery& operator=(const Nursery&) = delete;

  // Starts `task` on the nursery's loop. Its error, if any, goes to `on_error` or is dropped.
  void spawn(Task<void> task, std::function<void(const Error&)> on_error = {});

  // What the tasks watch to know that they should end.
  std::stop_token stop_token() const;
  void request_stop();

  // Requests the stop and ends when every task has ended. Errors: none.
  Task<void> close();

  Loop& loop();
  size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace millrace::runtime
