#include "wire/http/request_body.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace millrace::http {

RequestBody::RequestBody(Connection& connection)
    : connection_(connection), decoder_(connection.shared_.limits.chunk) {
  const RequestHead& head = connection.head_;
  remaining_ = head.framing.content_length.value_or(0);
  ended_ = !head.framing.chunked && remaining_ == 0;
  // Also where no byte will follow: clients that asked misread the next answer on the connection
  // when the final one comes uninvited.
  awaited_ = head.expect_continue;
  connection.body_waited_ = milliseconds{0};
  connection.body_received_ = 0;
}

std::optional<uint64_t> RequestBody::content_length() const {
  const Framing& framing = connection_.head_.framing;
  if (framing.chunked) return std::nullopt;
  return framing.content_length.value_or(0);
}

std::unexpected<Error> RequestBody::remember(ErrorKind kind, std::string message) {
  failure_ = Error{kind, std::move(message)};
  return fail(*failure_);
}

Task<size_t> RequestBody::read(char* buffer, size_t size) {
  ASSERT(size > 0);
  co_await connection_.home_.loop.resume_here();
  if (failure_) co_return fail(*failure_);
  const uint64_t limit = connection_.shared_.limits.body_bytes;
  if (remaining_ > limit) {
    co_return remember(ErrorKind::exhausted, "the body is longer than the server accepts");
  }
  // A peer that sends without waiting needs no invitation.
  if (awaited_ && connection_.input_.empty()) {
    const Pieces invitation{"HTTP/1.1 100 Continue\r\n\r\n"};
    const Result<void> sent = co_await connection_.send(invitation, false);
    if (!sent) co_return remember(sent.error().kind, sent.error().message);
  }
  awaited_ = false;
  if (ended_) co_return size_t{0};
  Result<size_t> n = connection_.head_.framing.chunked ? co_await read_chunked(buffer, size)
                                                       : co_await read_sized(buffer, size);
  if (!n) co_return remember(n.error().kind, n.error().message);
  received_ += *n;
  if (received_ > limit) {
    co_return remember(ErrorKind::exhausted, "the body is longer than the server accepts");
  }
  co_return n;
}

Task<size_t> RequestBody::read_sized(char* buffer, size_t size) {
  size_t n = static_cast<size_t>(std::min<uint64_t>(size, remaining_));
  InputBuffer& input = connection_.input_;
  if (!input.empty()) {
    n = std::min(n, input.view().size());
    std::memcpy(buffer, input.view().data(), n);
    input.consume(n);
  } else {
    CO_TRY(n, co_await connection_.receive(Connection::Phase::body, buffer, n));
    if (n == 0) co_return fail(ErrorKind::invalid, "the body ends too early");
  }
  remaining_ -= n;
  ended_ = remaining_ == 0;
  co_return n;
}

Task<size_t> RequestBody::read_chunked(char* buffer, size_t size) {
  InputBuffer& input = connection_.chunk_input_;
  if (!connection_.chunk_input_used_) {
    connection_.chunk_input_used_ = true;
    input.append(connection_.input_.view());
    connection_.input_.consume(connection_.input_.view().size());
  }
  while (true) {
    if (!input.empty()) {
      const Parsed<ChunkDecoder::Step> step = decoder_.decode(input.view(), buffer, size);
      if (!step) co_return fail(ErrorKind::invalid, std::string(step.error().reason));
      input.consume(step->consumed);
      ended_ = decoder_.done();
      if (step->produced > 0 || ended_) co_return step->produced;
    }
    // The inside of a chunk goes straight to the caller; everything else through the decoder.
    const size_t inside = static_cast<size_t>(std::min<uint64_t>(size, decoder_.chunk_remaining()));
    if (inside >= InputBuffer::kInitialBytes) {
      CO_TRY(const size_t n, co_await connection_.receive(Connection::Phase::body, buffer, inside));
      if (n == 0) co_return fail(ErrorKind::invalid, "the body ends too early");
      decoder_.skip(n);
      co_return n;
    }
    input.room(InputBuffer::kInitialBytes);
    CO_TRY(const size_t n, co_await connection_.receive(Connection::Phase::body, input.free_data(),
                                                        input.free_size()));
    if (n == 0) co_return fail(ErrorKind::invalid, "the body ends too early");
    input.filled(n);
  }
}

Task<bool> RequestBody::drain(uint64_t bytes) {
  constexpr size_t kStepBytes = 16 * 1024;
  if (ended_) co_return true;
  if (failure_ || remaining_ > bytes) co_return false;
  const std::unique_ptr<char[]> dropped(new char[kStepBytes]);
  uint64_t total = 0;
  while (total <= bytes) {
    const Result<size_t> n = co_await read(dropped.get(), kStepBytes);
    if (!n) co_return false;
    if (ended_ || *n == 0) co_return true;
    total += *n;
  }
  co_return false;
}

}  // namespace millrace::http
