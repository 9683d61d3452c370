#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/log.h"
#include "wire/http/connection.h"

namespace millrace::http {

Task<void> Connection::wait_writable() {
  if (cut_) co_return fail(ErrorKind::deadline, "the server stops");
  timed_out_ = false;
  since_ = home_.now;
  phase_ = Phase::writing;
  WaitWritable wait{socket_};
  co_await wait;
  phase_ = Phase::handling;
  if (cut_) co_return fail(ErrorKind::deadline, "the server stops");
  if (timed_out_) co_return fail(ErrorKind::deadline, "the peer takes no more");
  if (wait.error) co_return fail(ErrorKind::invalid, "the connection broke");
  co_return ok;
}

Task<void> Connection::send(Pieces pieces, bool more) {
  while (true) {
    if (cut_) co_return fail(ErrorKind::deadline, "the server stops");
    const Sent sent = send_now(socket_, pieces, more);
    if (sent == Sent::all) co_return ok;
    if (sent == Sent::broken) co_return fail(ErrorKind::invalid, "the connection broke");
    CO_TRY(co_await wait_writable());
  }
}

Task<void> Connection::send_body(Response& response, BodyPlan plan) {
  if (auto* file = std::get_if<FileBody>(&response.body)) co_return co_await send_file(*file);
  BodyReader& reader = *std::get<StreamBody>(response.body).reader;
  std::string failure;
  try {
    Result<void> sent = co_await send_stream(reader, plan == BodyPlan::chunked);
    if (sent || sent.error().kind != ErrorKind::internal) co_return std::move(sent);
    failure = sent.error().message;
  } catch (const std::exception& exception) {
    failure = exception.what();
  }
  co_await home_.loop.resume_here();
  runtime::log(runtime::LogLevel::error, "http.stream_failed", {{"error", failure}});
  co_return fail(ErrorKind::internal, failure);
}

Task<void> Connection::send_file(FileBody& file) {
  uint64_t offset = file.offset;
  uint64_t length = file.length;
  while (length > 0) {
    if (cut_) co_return fail(ErrorKind::deadline, "the server stops");
    const Sent sent = send_file_now(socket_, file.descriptor, offset, length);
    if (sent == Sent::broken) co_return fail(ErrorKind::invalid, "the connection broke");
    if (sent == Sent::some) CO_TRY(co_await wait_writable());
  }
  co_return ok;
}

Task<void> Connection::send_stream(BodyReader& reader, bool chunked) {
  constexpr size_t kStepBytes = 64 * 1024;
  constexpr size_t kPrefixBytes = 16;  // For the size of the chunk, written right before it.
  constexpr std::string_view kLineEnd = "\r\n";
  const std::optional<uint64_t> announced = reader.content_length();
  uint64_t remaining = announced.value_or(UINT64_MAX);
  const auto step = static_cast<size_t>(std::min<uint64_t>(remaining, kStepBytes));
  const std::unique_ptr<char[]> buffer(new char[kPrefixBytes + step + kLineEnd.size()]);
  char* const data = buffer.get() + kPrefixBytes;
  while (remaining > 0) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(remaining, step));
    CO_TRY(const size_t n, co_await reader.read(data, want));
    co_await home_.loop.resume_here();
    if (n == 0) break;
    ASSERT(n <= want);
    remaining -= n;
    Pieces pieces{{data, n}};
    if (chunked) {
      char prefix[kPrefixBytes];
      const size_t size =
          static_cast<size_t>(fmt::format_to_n(prefix, kPrefixBytes, "{:x}\r\n", n).size);
      std::memcpy(data - size, prefix, size);
      std::memcpy(data + n, kLineEnd.data(), kLineEnd.size());
      pieces.first = {data - size, size + n + kLineEnd.size()};
    }
    // Where more is known to come, the end of this piece goes out with the beginning of the next:
    // each packet wakes the peer.
    CO_TRY(co_await send(pieces, announced && remaining > 0));
  }
  if (announced && remaining > 0) {
    co_return fail(ErrorKind::internal, "the stream is shorter than it said");
  }
  if (chunked) {
    const Pieces last{"0\r\n\r\n"};
    CO_TRY(co_await send(last, false));
  }
  co_return ok;
}

}  // namespace millrace::http
