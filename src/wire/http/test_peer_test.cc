// What test_peer.h declares; it is part of the test program only.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "wire/http/parser.h"
#include "wire/http/test_peer.h"

namespace millrace::http {

struct GateAwaiter {
  Gate& gate;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) const {
    const std::lock_guard lock(gate.mutex_);
    gate.waiting_ = h;
    gate.loop_ = runtime::Loop::current();
    gate.has_arrived_ = true;
    gate.arrived_.notify_all();
  }
  void await_resume() const noexcept {}
};

Task<void> Gate::pass() {
  GateAwaiter awaiter{*this};
  co_await awaiter;
  co_return ok;
}

void Gate::await_arrival() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [&] { return has_arrived_; });
  has_arrived_ = false;
}

void Gate::arrive() {
  const std::lock_guard lock(mutex_);
  has_arrived_ = true;
  arrived_.notify_all();
}

void Gate::open() {
  const std::lock_guard lock(mutex_);
  loop_->post(std::exchange(waiting_, nullptr));
}

namespace {

// Passes the request's body on, as it comes.
class Borrowed final : public BodyReader {
 public:
  Borrowed(BodyReader& reader, bool announced) : reader_(reader), announced_(announced) {}
  Task<size_t> read(char* buffer, size_t size) override { return reader_.read(buffer, size); }
  std::optional<uint64_t> content_length() const override {
    return announced_ ? reader_.content_length() : std::nullopt;
  }

 private:
  BodyReader& reader_;
  bool announced_;
};

// Ends after `bytes`, though it announces one more; or never, where `bytes` is the maximum.
class Zeros final : public BodyReader {
 public:
  Zeros(uint64_t bytes, bool announced) : left_(bytes), announced_(announced) {}
  Task<size_t> read(char* buffer, size_t size) override {
    const size_t n = static_cast<size_t>(std::min<uint64_t>(size, left_));
    std::memset(buffer, '0', n);
    left_ -= n;
    co_return n;
  }
  std::optional<uint64_t> content_length() const override {
    return announced_ ? std::optional<uint64_t>(100) : std::nullopt;
  }

 private:
  uint64_t left_;
  bool announced_;
};

class Throwing final : public BodyReader {
 public:
  Task<size_t> read(char* buffer, size_t size) override { throw std::runtime_error("thrown"); }
  std::optional<uint64_t> content_length() const override { return std::nullopt; }
};

Response text(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response stream(std::unique_ptr<BodyReader> reader) {
  Response response;
  response.body = StreamBody{std::move(reader)};
  return response;
}

}  // namespace

Task<Response> TestHandler::echo_or_count(Request& request) {
  if (request.path == "/count") {
    std::string buffer(64 * 1024, '\0');
    uint64_t total = 0;
    while (true) {
      CO_TRY(const size_t n, co_await request.body.read(buffer.data(), buffer.size()));
      if (n == 0) co_return text(std::to_string(total));
      total += n;
    }
  }
  Result<Bytes> body = co_await read_all(request.body, 1 << 20);
  if (body) co_return text(std::move(*body));
  body_error = to_string(body.error().kind);
  Response response = text(body_error);
  response.status = 400;
  co_return response;
}

Task<Response> TestHandler::handle(Request& request) {
  const std::string_view path = request.path;
  Response response;
  if (path == "/echo" || path == "/count") co_return co_await echo_or_count(request);
  if (path == "/throw") throw std::runtime_error("thrown");
  if (path == "/error") co_return fail(ErrorKind::internal, "failed");
  if (path == "/ignore") co_return text("ignored");
  if (path == "/stream-echo") co_return stream(std::make_unique<Borrowed>(request.body, true));
  if (path == "/chunk-echo") co_return stream(std::make_unique<Borrowed>(request.body, false));
  if (path == "/pieces") co_return stream(make_pieces_body("hello world", 4));
  if (path == "/sized") co_return stream(make_bytes_body("hello world"));
  if (path == "/short") co_return stream(std::make_unique<Zeros>(99, true));
  if (path == "/throwing") co_return stream(std::make_unique<Throwing>());
  if (path == "/endless") co_return stream(std::make_unique<Zeros>(UINT64_MAX, false));
  if (path == "/file") {
    response.body = file;
  } else if (path == "/no-content") {
    response = text("never sent");
    response.status = 204;
  } else if (path == "/not-modified") {
    response = text("never sent");
    response.status = 304;
  } else if (path == "/object-head") {
    response.headers.add("Content-Length", "12345");
  } else if (path == "/split") {
    response.headers.add("X", "a\r\nSet-Cookie: b");
  } else if (path == "/close") {
    response.headers.add("connection", "close");
  } else if (path == "/gate") {
    CO_TRY(co_await gate.pass());
    response = text("passed");
  } else if (path == "/until-stop") {
    gate.arrive();
    CO_TRY(co_await clock_.sleep_for(std::chrono::hours(1), request.stop));
  } else {
    response = text(std::string(request.method) + " " + std::string(request.target) + " " +
                    std::string(request.host));
    response.headers.add("X-Remote", std::string(request.remote));
  }
  co_return response;
}

namespace {

int connected(int family, const void* address, socklen_t size) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // So that a broken test fails instead of hanging.
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd, static_cast<const sockaddr*>(address), size) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

Peer::Peer(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd_ = connected(AF_INET, &address, sizeof address);
}

Peer::Peer(const std::string& unix_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
  fd_ = connected(AF_UNIX, &address, sizeof address);
}

Peer::~Peer() { close(); }

void Peer::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Peer::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

void Peer::finish() { ::shutdown(fd_, SHUT_WR); }

void Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

size_t Peer::read_some(char* data, size_t size) {
  if (!held_.empty()) {
    const size_t n = std::min(size, held_.size());
    held_.copy(data, n);
    held_.erase(0, n);
    return n;
  }
  const ssize_t n = ::recv(fd_, data, size, 0);
  return n > 0 ? static_cast<size_t>(n) : 0;
}

bool Peer::readable(int wait_ms) {
  pollfd poll{.fd = fd_, .events = POLLIN, .revents = 0};
  return !held_.empty() || ::poll(&poll, 1, wait_ms) > 0;
}

bool Peer::more() {
  char buffer[16 * 1024];
  const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
  if (n <= 0) return false;
  held_.append(buffer, static_cast<size_t>(n));
  return true;
}

Answer Peer::read_answer(bool head_request) {
  Answer answer;
  size_t end = std::string::npos;
  while ((end = held_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return answer;
  }
  answer.head = held_.substr(0, end + 4);
  held_.erase(0, end + 4);
  ResponseHead head;
  if (!parse_response_head(answer.head, HeadLimits{}, head)) return answer;
  answer.status = head.status;
  if (head_request || head.status < 200 || head.status == 204 || head.status == 304) return answer;
  if (head.framing.chunked) {
    ChunkDecoder decoder{ChunkLimits{}};
    while (!decoder.done()) {
      if (held_.empty() && !more()) return Answer{};
      std::string piece(held_.size(), '\0');
      const auto step = decoder.decode(held_, piece.data(), piece.size());
      if (!step) return Answer{};
      answer.body.append(piece, 0, step->produced);
      held_.erase(0, step->consumed);
    }
    return answer;
  }
  const size_t length = head.framing.content_length.value_or(SIZE_MAX);
  while (held_.size() < length) {
    if (more()) continue;
    if (head.framing.content_length) return Answer{};
    break;
  }
  answer.body = held_.substr(0, length);
  held_.erase(0, answer.body.size());
  return answer;
}

Answer Peer::ask(std::string_view request) {
  send(request);
  return read_answer();
}

std::string get(std::string_view path, std::string_view headers) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace millrace::http
