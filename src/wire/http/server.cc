#include "wire/http/server.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstring>
#include <vector>

#include "runtime/log.h"
#include "runtime/machine_time.h"
#include "runtime/pool.h"
#include "wire/http/connection.h"
#include "wire/http/socket_path.h"

namespace millrace::http {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
using SocketAddress = asio::generic::stream_protocol::endpoint;

struct Accept {
  Acceptor& acceptor;
  Socket& peer;
  ErrorCode error = {};

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    acceptor.async_accept(peer, [this, h](ErrorCode e) {
      error = e;
      h.resume();
    });
  }
  void await_resume() const noexcept {}
};

struct Pause {
  asio::steady_timer& timer;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    timer.async_wait([h](ErrorCode) { h.resume(); });
  }
  void await_resume() const noexcept {}
};

Result<void> listen_on(Acceptor& acceptor, const SocketAddress& endpoint, const std::string& name) {
  const auto refuse = [&](std::string_view call, ErrorCode error) {
    ErrorKind kind = ErrorKind::internal;
    if (error == asio::error::address_in_use) kind = ErrorKind::already_exists;
    if (error == asio::error::access_denied) kind = ErrorKind::denied;
    return fail(kind, "cannot " + std::string(call) + " " + name + ": " + error.message());
  };
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return refuse("open a socket for", error);
  acceptor.set_option(Acceptor::reuse_address(true), error);
  if (error) return refuse("set up", error);
  acceptor.bind(endpoint, error);
  if (error) return refuse("listen on", error);
  constexpr int kBacklog = 1024;
  acceptor.listen(kBacklog, error);
  if (error) return refuse("listen on", error);
  return {};
}

// Removes a socket that nobody listens on, as a process that was killed leaves behind.
Result<void> clear_unix_path(asio::io_context& context, const std::string& path,
                             const SocketPath& usable) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return fail(ErrorKind::already_exists, path + " is there and is no socket");
  }
  asio::local::stream_protocol::socket probe(context);
  ErrorCode error;
  probe.connect(asio::local::stream_protocol::endpoint(usable.text()), error);
  if (!error) return fail(ErrorKind::already_exists, "somebody listens on " + path);
  if (::unlink(path.c_str()) != 0) return fail(ErrorKind::denied, "cannot replace " + path);
  return {};
}

}  // namespace

struct Server::State {
  State(ServerOptions o, Handler& handler, runtime::Clock& clock)
      : options(std::move(o)), shared{handler, clock, options.limits} {
    for (unsigned i = 0; i < std::max(options.loops, 1U); ++i) {
      loops.push_back(std::make_unique<ServingLoop>());
    }
  }

  Result<void> listen_tcp();
  Result<void> listen_unix();
  Task<void> accept_from(Acceptor* acceptor);
  Task<void> serve(ServingLoop* home, Socket socket, bool turned_away);
  void hand_over(ServingLoop& home, Socket peer);
  void arm_sweep(ServingLoop& home);
  Task<void> stop_accepting();
  Task<void> drain(ServingLoop* home);
  Task<void> cut(ServingLoop* home);
  Task<void> sweep_on(ServingLoop* home, milliseconds elapsed);

  const ServerOptions options;
  Shared shared;
  std::vector<std::unique_ptr<ServingLoop>> loops;
  std::vector<std::unique_ptr<Acceptor>> acceptors;  // All on the first loop.
  std::unique_ptr<asio::steady_timer> pause;         // While there are no descriptors left.
  std::unique_ptr<runtime::Pool> threads;
  std::chrono::steady_clock::time_point started;
  size_t next = 0;
  uint16_t port = 0;
  bool unix_bound = false;
};

Result<void> Server::State::listen_tcp() {
  if (options.address.empty()) return {};
  ErrorCode error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return fail(ErrorKind::invalid, options.address + " is no numeric address");
  auto acceptor = std::make_unique<Acceptor>(loops.front()->loop.context());
  const asio::ip::tcp::endpoint endpoint(address, options.port);
  TRY(listen_on(*acceptor, endpoint, options.address + ":" + std::to_string(options.port)));
  SocketAddress bound = acceptor->local_endpoint(error);
  if (error) return fail(ErrorKind::internal, "cannot tell the port: " + error.message());
  asio::ip::tcp::endpoint local;
  local.resize(bound.size());
  std::memcpy(local.data(), bound.data(), bound.size());
  port = local.port();
  if (address.is_loopback()) send_unpaced(acceptor->native_handle());
  acceptors.push_back(std::move(acceptor));
  return {};
}

Result<void> Server::State::listen_unix() {
  if (options.unix_path.empty()) return {};
  TRY(const SocketPath usable, SocketPath::open(options.unix_path));
  asio::io_context& context = loops.front()->loop.context();
  TRY(clear_unix_path(context, options.unix_path, usable));
  auto acceptor = std::make_unique<Acceptor>(context);
  const asio::local::stream_protocol::endpoint endpoint(usable.text());
  TRY(listen_on(*acceptor, endpoint, options.unix_path));
  unix_bound = true;
  if (::chmod(options.unix_path.c_str(), 0600) != 0) {
    return fail(ErrorKind::denied, "cannot restrict " + options.unix_path);
  }
  acceptors.push_back(std::move(acceptor));
  return {};
}

Task<void> Server::State::accept_from(Acceptor* acceptor) {
  while (acceptor->is_open()) {
    ServingLoop& home = *loops[next++ % loops.size()];
    Socket peer(home.loop.context());
    Accept accept{*acceptor, peer};
    co_await accept;
    if (!accept.error) {
      hand_over(home, std::move(peer));
    } else if (accept.error == asio::error::no_descriptors ||
               accept.error == asio::error::no_memory ||
               accept.error == asio::error::no_buffer_space) {
      runtime::log(runtime::LogLevel::warning, "http.accept_failed",
                   {{"error", accept.error.message()}});
      constexpr milliseconds kPause{100};
      pause->expires_after(kPause);
      Pause wait{*pause};
      co_await wait;
    }
  }
  co_return ok;
}

void Server::State::hand_over(ServingLoop& home, Socket peer) {
  // So many beyond the limit are told that it is reached; further ones are dropped unheard.
  constexpr size_t kTurnedAwayMax = 64;
  const size_t count = ++shared.connections;
  const size_t limit = shared.limits.connections;
  if (count > limit + kTurnedAwayMax) {
    --shared.connections;
    return;
  }
  home.nursery.spawn(serve(&home, std::move(peer), count > limit));
}

Task<void> Server::State::serve(ServingLoop* home, Socket socket, bool turned_away) {
  {
    Connection connection(*home, shared, std::move(socket));
    if (turned_away) {
      co_await connection.turn_away();
    } else {
      co_await connection.serve();
    }
  }
  const std::lock_guard lock(shared.mutex);
  --shared.connections;
  shared.ended.notify_all();
  co_return ok;
}

void Server::State::arm_sweep(ServingLoop& home) {
  home.sweep_timer.expires_after(options.sweep_interval);
  home.sweep_timer.async_wait([this, &home](ErrorCode error) {
    if (error) return;
    home.sweep(std::chrono::duration_cast<milliseconds>(runtime::monotonic_now() - started));
    arm_sweep(home);
  });
}

Task<void> Server::State::stop_accepting() {
  ErrorCode ignored;
  for (const auto& acceptor : acceptors) acceptor->close(ignored);
  pause->cancel(ignored);
  co_return ok;
}

Task<void> Server::State::drain(ServingLoop* home) {
  home->draining = true;
  for (Connection* c = home->first; c != nullptr; c = c->next()) c->close_if_idle();
  co_return ok;
}

Task<void> Server::State::cut(ServingLoop* home) {
  ErrorCode ignored;
  home->sweep_timer.cancel(ignored);
  for (Connection* c = home->first; c != nullptr; c = c->next()) c->cut();
  home->cut.request_stop();
  co_return ok;
}

Task<void> Server::State::sweep_on(ServingLoop* home, milliseconds elapsed) {
  home->sweep(elapsed);
  co_return ok;
}

Server::Server(ServerOptions options, Handler& handler, runtime::Clock& clock)
    : state_(std::make_unique<State>(std::move(options), handler, clock)) {}

Server::~Server() { stop(milliseconds{0}); }

Result<void> Server::start() {
  State& state = *state_;
  ASSERT(state.threads == nullptr);
  state.pause = std::make_unique<asio::steady_timer>(state.loops.front()->loop.context());
  const auto listen = [&]() -> Result<void> {
    TRY(state.listen_tcp());
    return state.listen_unix();
  };
  if (Result<void> listening = listen(); !listening) {
    state.acceptors.clear();
    return listening;
  }
  state.started = runtime::monotonic_now();
  state.threads =
      std::make_unique<runtime::Pool>("http", static_cast<unsigned>(state.loops.size()));
  for (const auto& home : state.loops) {
    if (state.options.sweep_interval > milliseconds{0}) state.arm_sweep(*home);
    const bool submitted = state.threads->submit([&loop = home->loop] {
      // sendfile() raises it when the peer has gone, and cannot be told not to.
      sigset_t broken_pipe;
      sigemptyset(&broken_pipe);
      sigaddset(&broken_pipe, SIGPIPE);
      ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
      loop.run();
    });
    ASSERT(submitted);
  }
  for (const auto& acceptor : state.acceptors) {
    state.loops.front()->nursery.spawn(state.accept_from(acceptor.get()));
  }
  return {};
}

void Server::stop(milliseconds patience) {
  State& state = *state_;
  if (state.threads == nullptr) return;
  const auto run = [](ServingLoop& home, Task<void> task) {
    const Result<void> done = runtime::run_task(home.loop, std::move(task), true);
    ASSERT(done.has_value());
  };
  run(*state.loops.front(), state.stop_accepting());
  for (const auto& home : state.loops) run(*home, state.drain(home.get()));
  {
    std::unique_lock lock(state.shared.mutex);
    state.shared.ended.wait_for(lock, patience, [&] { return state.shared.connections == 0; });
  }
  for (const auto& home : state.loops) run(*home, state.cut(home.get()));
  for (const auto& home : state.loops) run(*home, home->nursery.close());
  for (const auto& home : state.loops) home->loop.stop();
  state.threads.reset();
  state.acceptors.clear();
  if (state.unix_bound) ::unlink(state.options.unix_path.c_str());
}

uint16_t Server::port() const { return state_->port; }
size_t Server::connections() const { return state_->shared.connections; }
unsigned Server::loops() const { return static_cast<unsigned>(state_->loops.size()); }
runtime::Loop& Server::loop(unsigned index) { return state_->loops.at(index)->loop; }

void Server::sweep(milliseconds elapsed) {
  for (const auto& home : state_->loops) {
    Task<void> task = state_->sweep_on(home.get(), elapsed);
    const Result<void> done = runtime::run_task(home->loop, std::move(task), true);
    ASSERT(done.has_value());
  }
}

}  // namespace millrace::http
