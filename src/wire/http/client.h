// Client: HTTP/1.1 to worker processes and other known addresses, over TCP or a unix-domain socket.
//
// Thread-safe; called on a loop, and the exchange runs on that loop. Connections are kept per
// target and loop. A kept connection that turns out to be dead before anything of an answer came is
// replaced once. The client must end before the loops that used it do. Names are not resolved.
#pragma once

#include <memory>
#include <string>

#include "wire/http/limits.h"
#include "wire/http/message.h"

namespace millrace::http {

struct Endpoint {
  std::string address;  // Numeric; empty for a unix-domain socket.
  uint16_t port = 0;
  std::string unix_path;

  auto operator<=>(const Endpoint&) const = default;
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  Headers headers;  // Host and Content-Length are added where they are missing.
  Bytes body;
  milliseconds timeout{60'000};  // Of the whole exchange.
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  Bytes body;
};

class Client final {
 public:
  explicit Client(ClientLimits limits = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Errors: not_found (nobody listens), deadline, exhausted (answer too large), invalid (request or
  // answer malformed), internal (the connection broke).
  Task<ClientResponse> send(Endpoint to, ClientRequest request);

  // Closes the connections that are not in use.
  void close_idle();
  size_t idle_connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace millrace::http
