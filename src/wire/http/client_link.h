// Link: one connection of the client, and one exchange over it at a time. Private to this folder.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "wire/http/client.h"
#include "wire/http/input_buffer.h"
#include "wire/http/parser.h"
#include "wire/http/socket.h"

namespace millrace::http {

class Link final : public std::enable_shared_from_this<Link> {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  Link(asio::io_context& context, const ClientLimits& limits);

  // From here every wait ends with `deadline` when the moment has come, until disarm().
  void arm(Moment deadline);
  void disarm();

  Task<void> connect(Endpoint to);
  // Sends `head` and `body`, which stay meanwhile, and reads the answer.
  Task<ClientResponse> exchange(std::string_view head, std::string_view body, bool head_request);

  // Nothing of an answer has come, so the peer may never have seen the request.
  bool untouched() const { return !received_; }
  bool reusable() const { return reusable_; }
  bool timed_out() const { return timed_out_; }
  // The peer has closed, or has said something unasked.
  bool stale();

  Moment idle_since;

 private:
  Task<size_t> receive(char* data, size_t size);
  Task<void> send(Pieces pieces);
  Task<void> read_head(ResponseHead* head);
  Task<Bytes> read_body(Framing framing);
  Task<Bytes> read_sized(uint64_t length);
  Task<Bytes> read_chunked();
  Task<Bytes> read_until_close();

  const ClientLimits& limits_;
  Socket socket_;
  asio::steady_timer timer_;
  uint64_t turn_ = 0;  // Tells a late timer that its exchange is over.
  InputBuffer input_;
  bool received_ = false;
  bool reusable_ = false;
  bool timed_out_ = false;
};

}  // namespace millrace::http
