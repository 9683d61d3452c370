// Asio's stream sockets as awaitables. Private to this folder: it brings Asio's headers along.
//
// Every awaiter resumes on the loop of its socket, and is a named local of the coroutine that
// waits.
#pragma once

#include <sys/uio.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <coroutine>
#include <string>
#include <string_view>

namespace millrace::http {

namespace asio = boost::asio;
using Socket = asio::generic::stream_protocol::socket;
using ErrorCode = boost::system::error_code;

struct ReadSome {
  Socket& socket;
  char* data;
  size_t size;
  size_t bytes = 0;
  ErrorCode error = {};

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    socket.async_read_some(asio::buffer(data, size), [this, h](ErrorCode e, size_t n) {
      error = e;
      bytes = n;
      h.resume();
    });
  }
  void await_resume() const noexcept {}
};

struct WaitWritable {
  Socket& socket;
  ErrorCode error = {};

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    socket.async_wait(Socket::wait_write, [this, h](ErrorCode e) {
      error = e;
      h.resume();
    });
  }
  void await_resume() const noexcept {}
};

// Two pieces of memory that go out as one, and what is left of them.
struct Pieces {
  std::string_view first;
  std::string_view second = {};

  bool empty() const { return first.empty() && second.empty(); }
  void advance(size_t bytes);
};

enum class Sent : uint8_t { all, some, broken };
// Sends what the socket's buffer takes, without waiting. `more`: further bytes follow at once.
Sent send_now(Socket& socket, Pieces& pieces, bool more = false);
// The same from a file; moves `offset` and `length`. A file that ends early counts as broken.
Sent send_file_now(Socket& socket, int descriptor, uint64_t& offset, uint64_t& length);

// Non-blocking, and without Nagle's delay where it is TCP.
void set_up(Socket& socket);
// Has the connections that a TCP listener of the loopback interface accepts send without pacing:
// where the system's congestion control is BBR, each packet would wait for a timer of its own, on a
// path that loses nothing. Without effect where the system has no other one.
void send_unpaced(int listener);
// "address:port" of the peer, or "unix".
std::string peer_name(Socket& socket);

}  // namespace millrace::http
