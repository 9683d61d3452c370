// Requests a second of the bare server for a small fixed answer, one request at a time on each of
// some connections (no pipelining), and the processor time that one request costs the server.
//
// Usage: wire_http_bench [requests] [connections] [loops]
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "wire/http/server.h"

namespace millrace::http {
namespace {

class FixedAnswer final : public Handler {
 public:
  Task<Response> handle(Request& request) override {
    Response response;
    response.headers.add("Content-Type", "text/plain");
    response.body = Bytes("hello, world");
    co_return response;
  }
};

// What a signed request of an SDK looks like, in size and number of headers.
constexpr std::string_view kRequest =
    "POST / HTTP/1.1\r\nHost: 127.0.0.1:4566\r\nAccept-Encoding: identity\r\n"
    "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
    "User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0 Botocore/1.29.27\r\n"
    "X-Amz-Date: 20261122T100000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEEXAMPLE00/20261122/us-east-1/sts/"
    "aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "Content-Length: 0\r\n\r\n";

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// One request on every connection, then one answer from each: the server always has work, and the
// load costs little beside it. True when every answer is whole.
bool round(const std::vector<int>& peers) {
  for (const int fd : peers) {
    if (::send(fd, kRequest.data(), kRequest.size(), 0) < 0) return false;
  }
  char buffer[4096];
  for (const int fd : peers) {
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0 || !std::string_view(buffer, static_cast<size_t>(n)).ends_with("hello, world")) {
      return false;
    }
  }
  return true;
}

Task<double> thread_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  co_return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double processor_seconds(Server& server) {
  double total = 0;
  for (unsigned i = 0; i < server.loops(); ++i) {
    total += runtime::run_task_for(server.loop(i), thread_seconds(), true).value();
  }
  return total;
}

int run(size_t requests, size_t connections, unsigned loops) {
  FixedAnswer handler;
  const auto clock = runtime::make_system_clock();
  ServerOptions options;
  options.loops = loops;
  Server server(options, handler, *clock);
  if (const auto started = server.start(); !started) {
    fmt::print(stderr, "{}\n", started.error().message);
    return 1;
  }
  std::vector<int> peers;
  for (size_t i = 0; i < connections; ++i) peers.push_back(connect_to(server.port()));
  if (!round(peers)) return 1;
  const double used_before = processor_seconds(server);
  const auto began = std::chrono::steady_clock::now();
  size_t served = 0;
  for (; served < requests; served += connections) {
    if (!round(peers)) return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const double used = processor_seconds(server) - used_before;
  const auto count = static_cast<double>(served);
  fmt::print(
      "{} requests, {} connections, {} loops: {:.0f} requests/s, {:.2f} us of server CPU "
      "a request ({:.0f} requests/s a core)\n",
      served, connections, loops, count / took.count(), used / count * 1e6, count / used);
  for (const int fd : peers) ::close(fd);
  server.stop(milliseconds{1000});
  return 0;
}

}  // namespace
}  // namespace millrace::http

int main(int argc, char** argv) {
  const auto argument = [&](int i, unsigned long otherwise) {
    return argc > i ? std::strtoul(argv[i], nullptr, 10) : otherwise;
  };
  return millrace::http::run(argument(1, 500'000), std::max(argument(2, 64), 1UL),
                             static_cast<unsigned>(argument(3, 1)));
}
