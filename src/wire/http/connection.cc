#include "wire/http/connection.h"

#include <sys/socket.h>

#include <boost/asio/error.hpp>

#include "runtime/log.h"
#include "wire/http/request_body.h"

namespace millrace::http {
namespace {

// Of a body that is not in memory.
uint64_t announced(const Body& body) {
  if (const auto* file = std::get_if<FileBody>(&body)) return file->length;
  return std::get<StreamBody>(body).reader->content_length().value_or(0);
}

Response plain(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain");
  response.body = Bytes(text) + "\n";
  return response;
}

}  // namespace

std::string_view ServingLoop::http_date(Time now) {
  const auto second = std::chrono::floor<seconds>(now);
  if (second != date_second) {
    date_second = second;
    date = to_http_date(second);
  }
  return date;
}

void ServingLoop::sweep(milliseconds elapsed) {
  now = std::max(now, elapsed);
  for (Connection* c = first; c != nullptr; c = c->next()) c->apply_time_limits();
}

Connection::Connection(ServingLoop& home, Shared& shared, Socket socket)
    : home_(home), shared_(shared), socket_(std::move(socket)), next_(home.first) {
  if (next_ != nullptr) next_->previous_ = this;
  home.first = this;
  since_ = last_sweep_ = home.now;
  set_up(socket_);
  remote_ = peer_name(socket_);
}

Connection::~Connection() {
  (previous_ != nullptr ? previous_->next_ : home_.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

Task<void> Connection::serve() {
  After after = After::keep;
  while (after == After::keep) {
    const Result<After> result = co_await serve_one();
    after = result ? *result : After::close;
  }
  if (after == After::linger) co_await linger();
  close();
  co_return ok;
}

Task<void> Connection::turn_away() {
  const Fault fault{503, "too many connections"};
  const Result<After> after = co_await send_fault(fault);
  if (after && *after == After::linger) co_await linger();
  close();
  co_return ok;
}

Task<Connection::After> Connection::serve_one() {
  CO_TRY(const bool arrived, co_await read_head());
  if (!arrived) co_return After::close;
  if (fault_) {
    const Fault fault = *fault_;
    co_return co_await send_fault(fault);
  }
  RequestBody body(*this);
  Request request{.method = head_.method,
                  .target = head_.target,
                  .path = head_.path,
                  .query = head_.query,
                  .host = head_.host,
                  .headers = std::move(head_.headers),
                  .version_minor = head_.version_minor,
                  .remote = remote_,
                  .body = body,
                  .stop = home_.cut.get_token()};
  Result<Response> response = co_await answer(request);
  co_await home_.loop.resume_here();
  const AnswerContext context{.head_request = head_.method == "HEAD",
                              .version_minor = head_.version_minor,
                              .keep_alive = head_.framing.keep_alive,
                              .date = home_.http_date(shared_.clock.now())};
  Result<After> after = co_await send_answer(*response, body, context);
  // The list's memory serves the next request.
  head_.headers = std::move(request.headers);
  co_return after;
}

// False where nothing more will come. Otherwise `head_` is filled, or `fault_` says why not.
Task<bool> Connection::read_head() {
  if (chunk_input_used_) {
    std::swap(input_, chunk_input_);
    chunk_input_ = InputBuffer();
    chunk_input_used_ = false;
  }
  scanner_.reset();
  fault_.reset();
  since_ = home_.now;
  input_.trim();
  bool skipped = false;
  bool begun = false;
  while (true) {
    // One empty line before a head is forgiven, as RFC 9112 asks.
    if (!skipped && input_.view().starts_with("\r\n")) {
      input_.consume(2);
      skipped = true;
    }
    const bool nothing = input_.empty() || (!skipped && input_.view() == "\r");
    if (!nothing && take_head()) co_return true;
    // Also of a head that has begun: what came while close_if_idle() looked was read all the same.
    if (home_.draining) co_return false;
    if (!nothing && !begun) {
      begun = true;
      since_ = home_.now;
    }
    input_.room(InputBuffer::kInitialBytes / 2);
    const Result<size_t> n = co_await receive(nothing ? Phase::idle : Phase::head,
                                              input_.free_data(), input_.free_size());
    if (n && *n > 0) {
      input_.filled(*n);
      continue;
    }
    if (nothing || cut_ || closing_) co_return false;
    if (!n && n.error().kind != ErrorKind::deadline) co_return false;
    fault_ = n ? Fault{400, "the head ends too early"} : Fault{408, "the head comes too slowly"};
    co_return true;
  }
}

// True when the head, or a fault in it, is there.
bool Connection::take_head() {
  const HeadLimits& limits = shared_.limits.head;
  const Parsed<size_t> size = scanner_.scan(input_.view(), limits);
  if (!size) {
    fault_ = size.error();
    return true;
  }
  if (*size == 0) return false;
  const Parsed<void> parsed = parse_request_head(input_.view().substr(0, *size), limits, head_);
  if (!parsed) fault_ = parsed.error();
  input_.consume(*size);
  return true;
}

Task<size_t> Connection::receive(Phase phase, char* data, size_t size) {
  if (cut_) co_return fail(ErrorKind::deadline, "the server stops");
  timed_out_ = false;
  phase_ = phase;
  if (phase == Phase::body) since_ = home_.now;
  ReadSome read{socket_, data, size};
  co_await read;
  phase_ = Phase::handling;
  if (!read.error) {
    body_received_ += read.bytes;
    co_return read.bytes;
  }
  if (read.error == asio::error::eof) co_return size_t{0};
  if (cut_ || closing_) co_return fail(ErrorKind::deadline, "the server stops");
  if (timed_out_) co_return fail(ErrorKind::deadline, "the peer sends too slowly");
  co_return fail(ErrorKind::invalid, "the connection broke");
}

Task<Response> Connection::answer(Request& request) {
  std::string failure;
  try {
    Result<Response> response = co_await shared_.handler.handle(request);
    if (response) co_return std::move(response);
    failure = response.error().message;
  } catch (const std::exception& exception) {
    failure = exception.what();
  } catch (...) {
    failure = "an unknown exception";
  }
  runtime::log(runtime::LogLevel::error, "http.handler_failed",
               {{"method", std::string(request.method)},
                {"path", std::string(request.path)},
                {"error", failure}});
  co_return plain(500, "Internal Server Error");
}

Result<BodyPlan> Connection::build_head(Response& response, AnswerContext& context) {
  out_.clear();
  Result<BodyPlan> plan = append_response_head(response, context, out_);
  if (plan) return plan;
  runtime::log(runtime::LogLevel::error, "http.answer_malformed",
               {{"error", plan.error().message}});
  out_.clear();
  response = plain(500, "Internal Server Error");
  return append_response_head(response, context, out_);
}

Task<Connection::After> Connection::send_answer(Response& response, RequestBody& body,
                                                AnswerContext context) {
  const uint64_t drain_bytes = shared_.limits.drain_bytes;
  const bool streamed = std::holds_alternative<StreamBody>(response.body);
  const bool uninvited = body.awaited();
  // A stream may still read the request; whether the rest is worth reading shows at its end.
  if (body.failed() || home_.draining ||
      (!streamed && (uninvited || body.undrainable(drain_bytes)))) {
    context.keep_alive = false;
  }
  CO_TRY(const BodyPlan plan, build_head(response, context));
  body.answer_began();

  const auto* bytes = std::get_if<Bytes>(&response.body);
  Pieces pieces{out_};
  if (plan == BodyPlan::sized && bytes != nullptr) pieces.second = *bytes;
  const bool more = plan == BodyPlan::sized && bytes == nullptr && announced(response.body) > 0;
  if (cut_) co_return After::close;
  const Sent sent = send_now(socket_, pieces, more);
  if (sent == Sent::broken) co_return After::close;
  if (sent == Sent::some) CO_TRY(co_await send(pieces, more));
  if (plan != BodyPlan::none && bytes == nullptr) {
    const Result<void> done = co_await send_body(response, plan);
    if (!done) {
      abort();
      co_return After::close;
    }
  }
  if (!context.keep_alive) {
    co_return body.ended() && input_.empty() ? After::close : After::linger;
  }
  if (body.ended()) co_return After::keep;
  if (uninvited) co_return After::linger;
  CO_TRY(const bool drained, co_await body.drain(drain_bytes));
  co_return drained ? After::keep : After::linger;
}

Task<Connection::After> Connection::send_fault(Fault fault) {
  Response response = plain(fault.status, fault.reason);
  AnswerContext context{.keep_alive = false, .date = home_.http_date(shared_.clock.now())};
  CO_TRY(build_head(response, context));
  const Pieces pieces{out_, std::get<Bytes>(response.body)};
  CO_TRY(co_await send(pieces, false));
  co_return After::linger;
}

// Lets the peer read the answer: a close while it still sends would reset the connection.
Task<void> Connection::linger() {
  constexpr size_t kStepBytes = 16 * 1024;
  constexpr uint64_t kDrainsMax = 64;
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  since_ = home_.now;
  const std::unique_ptr<char[]> dropped(new char[kStepBytes]);
  uint64_t total = 0;
  while (total < kDrainsMax * shared_.limits.drain_bytes) {
    CO_TRY(const size_t n, co_await receive(Phase::lingering, dropped.get(), kStepBytes));
    if (n == 0) break;
    total += n;
  }
  co_return ok;
}

void Connection::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

void Connection::abort() {
  const ::linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void Connection::expire() {
  timed_out_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Connection::close_if_idle() {
  if (phase_ != Phase::idle && phase_ != Phase::head) return;
  closing_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Connection::cut() {
  cut_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Connection::apply_time_limits() {
  const ServerLimits& limits = shared_.limits;
  const milliseconds waited = home_.now - since_;
  switch (phase_) {
    case Phase::idle:
      if (waited > limits.idle) expire();
      break;
    case Phase::head:
      if (waited > limits.head_time) expire();
      break;
    case Phase::body: {
      body_waited_ += home_.now - std::max(since_, last_sweep_);
      const uint64_t due =
          limits.body_bytes_per_second * static_cast<uint64_t>(body_waited_ / seconds{1});
      if (waited > limits.body_stall) expire();
      if (body_waited_ > limits.body_grace && body_received_ < due) expire();
      break;
    }
    case Phase::writing:
      if (waited > limits.write_stall) expire();
      break;
    case Phase::lingering:
      if (waited > limits.linger) expire();
      break;
    case Phase::handling:
      break;
  }
  last_sweep_ = home_.now;
}

}  // namespace millrace::http
