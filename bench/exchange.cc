#include "bench/exchange.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include "wire/http/headers.h"

namespace millrace::bench {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;
constexpr size_t kHeadBytesMax = 32 * 1024;
constexpr int kQuietMsMax = 30'000;
constexpr uint64_t kFailuresMax = 20;

uint64_t nanoseconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000ULL + static_cast<uint64_t>(now.tv_nsec);
}
uint64_t monotonic() { return nanoseconds_of(CLOCK_MONOTONIC); }

uint64_t processor_time(pid_t pid) {
  clockid_t clock{};
  return pid != 0 && ::clock_getcpuclockid(pid, &clock) == 0 ? nanoseconds_of(clock) : 0;
}

struct Head {
  int status = 0;
  uint64_t length = 0;
};

Result<Head> parse_head(std::string_view text) {
  Head head;
  if (!text.starts_with("HTTP/1.1 ")) return fail(ErrorKind::invalid, "the answer is no HTTP/1.1");
  std::from_chars(text.data() + 9, text.data() + 12, head.status);
  bool has_length = head.status == 204;
  while (!text.empty()) {
    const size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos ||
        !http::equal_ignoring_case(line.substr(0, colon), "content-length")) {
      continue;
    }
    const std::string_view value = line.substr(colon + 2);
    std::from_chars(value.data(), value.data() + value.size(), head.length);
    has_length = true;
  }
  if (!has_length) return fail(ErrorKind::invalid, "the answer has no Content-Length");
  return head;
}

// One connection: what is still to be sent, what was received.
class Connection final {
 public:
  Connection(const Load& load, unsigned first) : load_(load), variant_(first) {}
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> open() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(load_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      return fail(ErrorKind::internal, fmt::format("no connection to port {}", load_.port));
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    return {};
  }

  int fd() const { return fd_; }
  // Whether an answer is due.
  bool asked() const { return began_ns_ != 0 && !(head_ && left_ == 0); }

  void begin() {
    variant_ = (variant_ + load_.connections) % static_cast<unsigned>(load_.heads.size());
    sent_ = 0;
    head_.reset();
    head_text_.clear();
    body_text_.clear();
    began_ns_ = monotonic();
  }

  Result<void> write() {
    const std::string& head = load_.heads[variant_];
    const size_t total = head.size() + load_.body.size();
    while (sent_ < total) {
      std::array<iovec, 2> parts{};
      const size_t head_left = head.size() - std::min(sent_, head.size());
      const size_t body_sent = sent_ > head.size() ? sent_ - head.size() : 0;
      parts[0] = {const_cast<char*>(head.data()) + head.size() - head_left, head_left};
      parts[1] = {const_cast<char*>(load_.body.data()) + body_sent, load_.body.size() - body_sent};
      const ssize_t n = ::writev(fd_, parts.data(), 2);
      // The server may answer, and close, before it has read all: the answer says why.
      if (n < 0) return {};
      sent_ += static_cast<size_t>(n);
    }
    return {};
  }

  // True when the answer is whole.
  Result<bool> read(std::vector<char>& buffer) {
    while (true) {
      const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (n < 0 && errno == EAGAIN) return false;
      if (n <= 0) return fail(ErrorKind::internal, "the server closed before it answered");
      TRY(take({buffer.data(), static_cast<size_t>(n)}));
      if (head_ && left_ == 0) return true;
    }
  }

  const Head& head() const { return *head_; }
  const std::string& body_text() const { return body_text_; }
  uint64_t began_ns() const { return began_ns_; }

 private:
  Result<void> take(std::string_view bytes) {
    if (!head_) {
      head_text_.append(bytes);
      const size_t end = head_text_.find("\r\n\r\n");
      if (end == std::string::npos) {
        if (head_text_.size() > kHeadBytesMax) return fail(ErrorKind::invalid, "head too long");
        return {};
      }
      TRY(head_, parse_head(std::string_view(head_text_).substr(0, end)));
      left_ = head_->length;
      return take_body(std::string_view(head_text_).substr(end + 4));
    }
    return take_body(bytes);
  }

  Result<void> take_body(std::string_view bytes) {
    if (bytes.size() > left_) return fail(ErrorKind::invalid, "more bytes than were announced");
    left_ -= bytes.size();
    if (head_->status / 100 != 2) body_text_.append(bytes);
    return {};
  }

  const Load& load_;
  unsigned variant_;
  int fd_ = -1;
  size_t sent_ = 0;
  uint64_t left_ = 0;
  uint64_t began_ns_ = 0;
  std::optional<Head> head_;
  std::string head_text_;
  std::string body_text_;
};

// The whole run: warms up, measures, ends when time or requests are used up.
class Exchanges final {
 public:
  explicit Exchanges(const Load& load) : load_(load), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~Exchanges() { ::close(epoll_); }
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  Result<Measured> run() {
    const bool counted = load_.requests_max != 0;
    if (counted) measure();
    TRY(open());
    const uint64_t warm = monotonic() + static_cast<uint64_t>(load_.warm_up_seconds * 1e9);
    std::array<epoll_event, 64> events{};
    while (true) {
      const uint64_t now = monotonic();
      if (!measuring_ && now >= warm) measure();
      if (measuring_ && done(now)) break;
      const int n =
          ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kQuietMsMax);
      if (n == 0) return fail(ErrorKind::deadline, "the server did not answer for 30 s");
      for (int i = 0; i < n; ++i) {
        TRY(advance(*static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr)));
      }
    }
    measured_.seconds = static_cast<double>(monotonic() - measured_since_) / 1e9;
    const uint64_t used = processor_time(load_.server) - server_cpu_;
    measured_.server_cpu_seconds = static_cast<double>(used) / 1e9;
    return std::move(measured_);
  }

 private:
  Result<void> open() {
    for (unsigned i = 0; i < load_.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(load_, i));
      Connection& connection = *connections_.back();
      TRY(connection.open());
      TRY(next(connection));
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &connection}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd(), &event);
    }
    return {};
  }

  void measure() {
    measuring_ = true;
    measured_since_ = monotonic();
    server_cpu_ = processor_time(load_.server);
  }

  bool done(uint64_t now) const {
    if (failed_ >= kFailuresMax) return true;
    if (load_.requests_max != 0) return measured_.requests + failed_ >= load_.requests_max;
    // A request that takes longer than the whole time is measured once all the same.
    return measured_.requests + failed_ > 0 &&
           static_cast<double>(now - measured_since_) / 1e9 >= load_.seconds;
  }

  Result<void> advance(Connection& connection) {
    if (!connection.asked()) return {};
    TRY(connection.write());
    TRY(const bool whole, connection.read(buffer_));
    if (!whole) return {};
    count(connection);
    return next(connection);
  }

  Result<void> next(Connection& connection) {
    if (load_.requests_max != 0 && issued_ == load_.requests_max) return {};
    ++issued_;
    connection.begin();
    return connection.write();
  }

  void count(const Connection& connection) {
    const Head& head = connection.head();
    if (head.status / 100 != 2) {
      if (measured_.failures.empty()) measured_.first_failure = connection.body_text();
      ++measured_.failures[head.status];
      ++failed_;
      return;
    }
    if (!measuring_ || connection.began_ns() < measured_since_) return;
    ++measured_.requests;
    measured_.answer_bytes += head.length;
    measured_.latencies_ns.push_back(
        static_cast<uint32_t>(std::min<uint64_t>(monotonic() - connection.began_ns(), UINT32_MAX)));
  }

  const Load& load_;
  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);
  bool measuring_ = false;
  uint64_t measured_since_ = 0;
  uint64_t server_cpu_ = 0;
  uint64_t issued_ = 0;
  uint64_t failed_ = 0;
  Measured measured_;
};

}  // namespace

Result<Measured> run(const Load& load) { return Exchanges(load).run(); }

}  // namespace millrace::bench
