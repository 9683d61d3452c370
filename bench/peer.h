// Peer: a process that reads requests of a known length and writes a fixed answer, and does nothing
// else. What it reaches is the limit of the loopback interface for that exchange.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/result.h"

namespace millrace::bench {

class Peer final {
 public:
  // Starts it. Errors: internal (no socket, no process).
  static Result<Peer> start(uint64_t request_bytes, uint64_t answer_bytes);
  ~Peer();  // Ends it.
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&&) = delete;

  pid_t pid() const { return pid_; }
  uint16_t port() const { return port_; }

 private:
  Peer(pid_t pid, uint16_t port) : pid_(pid), port_(port) {}

  pid_t pid_;
  uint16_t port_;
};

}  // namespace millrace::bench
