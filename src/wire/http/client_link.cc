#include "wire/http/client_link.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <optional>

#include "wire/http/socket_path.h"

namespace millrace::http {
namespace {

struct Connect {
  Socket& socket;
  asio::generic::stream_protocol::endpoint to;
  ErrorCode error = {};

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    socket.async_connect(to, [this, h](ErrorCode e) {
      error = e;
      h.resume();
    });
  }
  void await_resume() const noexcept {}
};

std::unexpected<Error> too_slow() { return fail(ErrorKind::deadline, "no answer in time"); }
std::unexpected<Error> broken() { return fail(ErrorKind::internal, "the connection broke"); }
std::unexpected<Error> too_large() {
  return fail(ErrorKind::exhausted, "the answer is longer than is accepted");
}
std::unexpected<Error> malformed(const Fault& fault) {
  return fail(ErrorKind::invalid, "malformed answer: " + std::string(fault.reason));
}

}  // namespace

Link::Link(asio::io_context& context, const ClientLimits& limits)
    : limits_(limits), socket_(context), timer_(context) {}

void Link::arm(Moment deadline) {
  timed_out_ = false;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this(), turn = ++turn_](ErrorCode error) {
    if (error || self->turn_ != turn) return;
    self->timed_out_ = true;
    ErrorCode ignored;
    self->socket_.cancel(ignored);
  });
}

void Link::disarm() {
  ++turn_;
  ErrorCode ignored;
  timer_.cancel(ignored);
}

Task<void> Link::connect(Endpoint to) {
  asio::generic::stream_protocol::endpoint endpoint;
  std::optional<SocketPath> path;  // Until it is connected.
  if (to.address.empty()) {
    CO_TRY(SocketPath usable, SocketPath::open(to.unix_path));
    path.emplace(std::move(usable));
    endpoint = asio::local::stream_protocol::endpoint(path->text());
  } else {
    ErrorCode error;
    const auto address = asio::ip::make_address(to.address, error);
    if (error) co_return fail(ErrorKind::invalid, to.address + " is no numeric address");
    endpoint = asio::ip::tcp::endpoint(address, to.port);
  }
  Connect attempt{socket_, endpoint};
  co_await attempt;
  if (timed_out_) co_return too_slow();
  if (attempt.error) {
    const bool absent = attempt.error == asio::error::connection_refused ||
                        attempt.error == boost::system::errc::no_such_file_or_directory;
    co_return fail(absent ? ErrorKind::not_found : ErrorKind::internal,
                   "cannot connect: " + attempt.error.message());
  }
  set_up(socket_);
  co_return ok;
}

Task<ClientResponse> Link::exchange(std::string_view head, std::string_view body,
                                    bool head_request) {
  received_ = reusable_ = false;
  const Pieces pieces{head, body};
  // A peer that refuses early answers and closes while we still send: its answer counts.
  const Result<void> sent = co_await send(pieces);
  if (!sent && sent.error().kind == ErrorKind::deadline) co_return fail(sent.error());
  ResponseHead answer;
  CO_TRY(co_await read_head(&answer));
  ClientResponse response;
  response.status = answer.status;
  for (const HeaderView& field : answer.headers) {
    response.headers.add(std::string(field.name), std::string(field.value));
  }
  const Framing framing = answer.framing;
  const bool bodiless = head_request || answer.status == 204 || answer.status == 304;
  if (!bodiless) {
    CO_TRY(response.body, co_await read_body(framing));
  }
  const bool delimited = bodiless || framing.chunked || framing.content_length.has_value();
  reusable_ = sent.has_value() && framing.keep_alive && delimited && input_.empty();
  co_return response;
}

// The views of `head` stay until the next read.
Task<void> Link::read_head(ResponseHead* head) {
  while (true) {
    HeadScanner scanner;
    Parsed<size_t> size{0};
    while (true) {
      size = scanner.scan(input_.view(), limits_.head);
      if (!size) co_return malformed(size.error());
      if (*size > 0) break;
      input_.room(InputBuffer::kInitialBytes / 2);
      CO_TRY(const size_t n, co_await receive(input_.free_data(), input_.free_size()));
      if (n == 0) co_return broken();
      input_.filled(n);
    }
    const std::string_view bytes = input_.view().substr(0, *size);
    const Parsed<void> parsed = parse_response_head(bytes, limits_.head, *head);
    if (!parsed) co_return malformed(parsed.error());
    input_.consume(*size);
    constexpr int kFinal = 200;
    if (head->status >= kFinal) co_return ok;
    if (head->status == 101) co_return malformed(Fault{400, "unasked change of protocol"});
  }
}

Task<Bytes> Link::read_body(Framing framing) {
  if (framing.chunked) co_return co_await read_chunked();
  if (framing.content_length) co_return co_await read_sized(*framing.content_length);
  co_return co_await read_until_close();
}

Task<Bytes> Link::read_sized(uint64_t length) {
  if (length > limits_.body_bytes) co_return too_large();
  Bytes body(static_cast<size_t>(length), '\0');
  const size_t held = std::min(body.size(), input_.view().size());
  input_.view().copy(body.data(), held);
  input_.consume(held);
  size_t filled = held;
  while (filled < body.size()) {
    CO_TRY(const size_t n, co_await receive(body.data() + filled, body.size() - filled));
    if (n == 0) co_return broken();
    filled += n;
  }
  co_return body;
}

Task<Bytes> Link::read_chunked() {
  constexpr size_t kStepBytes = 64 * 1024;
  ChunkDecoder decoder(limits_.chunk);
  Bytes body;
  size_t filled = 0;
  while (true) {
    body.resize(filled + kStepBytes);
    const Parsed<ChunkDecoder::Step> step =
        decoder.decode(input_.view(), body.data() + filled, kStepBytes);
    if (!step) co_return malformed(step.error());
    input_.consume(step->consumed);
    filled += step->produced;
    if (filled > limits_.body_bytes) co_return too_large();
    if (decoder.done()) break;
    if (!input_.empty()) continue;
    input_.room(kStepBytes);
    CO_TRY(const size_t n, co_await receive(input_.free_data(), input_.free_size()));
    if (n == 0) co_return broken();
    input_.filled(n);
  }
  body.resize(filled);
  co_return body;
}

Task<Bytes> Link::read_until_close() {
  Bytes body(input_.view());
  input_.consume(body.size());
  while (body.size() <= limits_.body_bytes) {
    input_.room(InputBuffer::kInitialBytes);
    CO_TRY(const size_t n, co_await receive(input_.free_data(), input_.free_size()));
    if (n == 0) co_return body;
    body.append(input_.free_data(), n);
  }
  co_return too_large();
}

Task<size_t> Link::receive(char* data, size_t size) {
  if (timed_out_) co_return too_slow();
  ReadSome read{socket_, data, size};
  co_await read;
  if (!read.error) {
    received_ = true;
    co_return read.bytes;
  }
  if (read.error == asio::error::eof) co_return size_t{0};
  if (timed_out_) co_return too_slow();
  co_return broken();
}

Task<void> Link::send(Pieces pieces) {
  while (true) {
    if (timed_out_) co_return too_slow();
    const Sent sent = send_now(socket_, pieces);
    if (sent == Sent::all) co_return ok;
    if (sent == Sent::broken) co_return broken();
    WaitWritable wait{socket_};
    co_await wait;
    if (timed_out_) co_return too_slow();
    if (wait.error) co_return broken();
  }
}

bool Link::stale() {
  char byte = 0;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace millrace::http
