// Server: HTTP/1.1 (and 1.0) over TCP and over a unix-domain socket.
//
// Owns its loops and their threads. One acceptor hands connections to the loops in turn, so that
// a port that is taken is noticed and few connections still spread evenly. A connection is one
// coroutine: it parses a head, calls the handler, sends the answer, and only then looks at the next
// request. Time-outs are the work of one sweep a loop, not of a timer a request; they run on the
// machine's monotonic clock, so that fast-forwarding `clock` cuts nobody off. `clock` makes `Date`.
//
// Threads: start(), stop() and sweep() are called from one thread that runs no loop, and block.
// Sources: RFC 9110, RFC 9112.
#pragma once

#include <memory>
#include <string>

#include "runtime/clock.h"
#include "runtime/loop.h"
#include "wire/http/limits.h"
#include "wire/http/message.h"

namespace millrace::http {

struct ServerOptions {
  std::string address = "127.0.0.1";  // Numeric; empty: no TCP.
  uint16_t port = 0;                  // 0: any free one; see Server::port().
  std::string unix_path;              // Empty: none. A dead socket there is replaced.
  unsigned loops = 1;
  ServerLimits limits;
  milliseconds sweep_interval{1'000};  // 0: only when sweep() is called.
};

class Server final {
 public:
  // `handler` and `clock` outlive the server.
  Server(ServerOptions options, Handler& handler, runtime::Clock& clock);
  ~Server();  // Stops without patience, if it still runs.
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and serves. Errors: invalid (address), already_exists (taken), denied, internal.
  Result<void> start();
  // Stops listening, closes what is idle, lets requests in flight end for at most `patience`, then
  // cuts them (their `stop` is requested, reads and writes fail) and waits for their handlers.
  void stop(milliseconds patience);

  uint16_t port() const;  // The one that is listened on; 0 without TCP.
  size_t connections() const;
  unsigned loops() const;
  // One of the loops that serve; for tasks that should run beside the handlers.
  runtime::Loop& loop(unsigned index);

  // Applies the time limits as if `elapsed` had passed since start(); never goes back.
  void sweep(milliseconds elapsed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::http
