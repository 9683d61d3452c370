// Echo: a process with our own HTTP server on Asio and nothing behind it. It reads every body and
// answers bytes that lie in memory: what the server could reach if an operation cost nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/result.h"

namespace millrace::bench {

class Echo final {
 public:
  // Starts it. Errors: internal (no process, no socket).
  static Result<Echo> start(uint64_t answer_bytes);
  ~Echo();  // Ends it.
  Echo(Echo&& other) noexcept;
  Echo& operator=(Echo&&) = delete;

  pid_t pid() const { return pid_; }
  uint16_t port() const { return port_; }

 private:
  Echo(pid_t pid, uint16_t port) : pid_(pid), port_(port) {}

  pid_t pid_;
  uint16_t port_;
};

}  // namespace millrace::bench
