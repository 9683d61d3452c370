// Exchanges: the same requests over and over, on some connections at once, each of which sends the
// next request when its answer has come. One thread, epoll, plain sockets: the load should cost
// little beside the server it measures.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::bench {

struct Load {
  uint16_t port = 0;  // On the loopback interface.
  std::vector<std::string> heads;
  std::string body;
  unsigned connections = 1;
  double seconds = 1;
  double warm_up_seconds = 0.2;  // Not measured.
  // Sends exactly so many, all of them measured, and waits for every answer, however long; 0: the
  // time decides.
  uint64_t requests_max = 0;
  pid_t server = 0;  // Whose processor time is measured; 0: nobody's.
};

struct Measured {
  uint64_t requests = 0;  // Answered with 2xx.
  double seconds = 0;
  double server_cpu_seconds = 0;
  uint64_t answer_bytes = 0;  // Of bodies.
  std::vector<uint32_t> latencies_ns;
  std::map<int, uint64_t> failures;  // By status.
  std::string first_failure;         // The answer's text.
};

// Errors: internal (connect, or the connection broke), invalid (an answer that is no HTTP/1.1 or
// has no Content-Length).
Result<Measured> run(const Load& load);

}  // namespace millrace::bench
