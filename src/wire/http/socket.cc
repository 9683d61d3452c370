#include "wire/http/socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace millrace::http {

void Pieces::advance(size_t bytes) {
  const size_t here = std::min(bytes, first.size());
  first.remove_prefix(here);
  second.remove_prefix(bytes - here);
}

Sent send_now(Socket& socket, Pieces& pieces, bool more) {
  while (!pieces.empty()) {
    iovec vectors[2] = {{const_cast<char*>(pieces.first.data()), pieces.first.size()},
                        {const_cast<char*>(pieces.second.data()), pieces.second.size()}};
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = pieces.second.empty() ? 1 : 2;
    const ssize_t n = ::sendmsg(socket.native_handle(), &message,
                                MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
    if (n >= 0) {
      pieces.advance(static_cast<size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Sent::some;
    } else if (errno != EINTR) {
      return Sent::broken;
    }
  }
  return Sent::all;
}

Sent send_file_now(Socket& socket, int descriptor, uint64_t& offset, uint64_t& length) {
  // Bounded, so that a large file in the page cache leaves the loop to others now and then.
  constexpr uint64_t kStepBytes = 1 << 20;
  uint64_t budget = 4 * kStepBytes;
  while (length > 0 && budget > 0) {
    off_t at = static_cast<off_t>(offset);
    const ssize_t n = ::sendfile(socket.native_handle(), descriptor, &at,
                                 static_cast<size_t>(std::min(length, kStepBytes)));
    if (n > 0) {
      offset += static_cast<uint64_t>(n);
      length -= static_cast<uint64_t>(n);
      budget -= std::min(budget, static_cast<uint64_t>(n));
    } else if (n == 0) {
      return Sent::broken;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Sent::some;
    } else if (errno != EINTR) {
      return Sent::broken;
    }
  }
  return length == 0 ? Sent::all : Sent::some;
}

void set_up(Socket& socket) {
  ErrorCode ignored;
  socket.native_non_blocking(true, ignored);
  const int on = 1;
  // Fails on a unix-domain socket, which has no such delay.
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void send_unpaced(int listener) {
  constexpr std::string_view kEverywhere = "reno";
  ::setsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, kEverywhere.data(), kEverywhere.size());
}

std::string peer_name(Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket.native_handle(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return "unknown";
  }
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(in.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(in.sin6_port));
  }
  return "unix";
}

}  // namespace millrace::http
