#include "bench/peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace millrace::bench {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;

struct Link {
  int fd = -1;
  uint64_t to_read = 0;
  size_t to_write = 0;
};

// False when the other side is gone.
bool advance(Link& link, uint64_t request_bytes, const std::string& answer,
             std::vector<char>& buffer) {
  while (true) {
    while (link.to_write > 0) {
      const char* from = answer.data() + answer.size() - link.to_write;
      const ssize_t n = ::send(link.fd, from, link.to_write, MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN;
      link.to_write -= static_cast<size_t>(n);
    }
    const ssize_t n = ::recv(link.fd, buffer.data(), buffer.size(), 0);
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    link.to_read -= std::min(link.to_read, static_cast<uint64_t>(n));
    if (link.to_read > 0) continue;
    link.to_read = request_bytes;
    link.to_write = answer.size();
  }
}

[[noreturn]] void serve(int listener, uint64_t request_bytes, uint64_t answer_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::string answer = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer_bytes);
  answer.append(answer_bytes, 'x');
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event accept_event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &accept_event);
  std::vector<char> buffer(kBufferBytes);
  std::array<epoll_event, 64> events{};
  while (true) {
    const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      auto* link = static_cast<Link*>(events[static_cast<size_t>(i)].data.ptr);
      if (link != nullptr) {
        if (!advance(*link, request_bytes, answer, buffer)) {
          ::close(link->fd);
          delete link;
        }
        continue;
      }
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET,
                        .data = {.ptr = new Link{fd, request_bytes, 0}}};
      ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
  }
}

}  // namespace

Result<Peer> Peer::start(uint64_t request_bytes, uint64_t answer_bytes) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (listener < 0 || ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 256) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return fail(ErrorKind::internal, "the peer has no socket");
  }
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorKind::internal, "the peer has no process");
  if (pid == 0) serve(listener, request_bytes, answer_bytes);
  ::close(listener);
  return Peer(pid, ntohs(address.sin_port));
}

Peer::Peer(Peer&& other) noexcept : pid_(std::exchange(other.pid_, 0)), port_(other.port_) {}

Peer::~Peer() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace millrace::bench
