#include "wire/http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/log.h"
#include "runtime/pool.h"
#include "wire/http/test_peer.h"

namespace millrace::http {
namespace {

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override { runtime::set_log_level(runtime::LogLevel::off); }
  void TearDown() override {
    client_.close_idle();
    runtime::set_log_level(runtime::LogLevel::info);
  }
  Endpoint start(ServerOptions options = {}) {
    options.sweep_interval = milliseconds{0};
    server_ = std::make_unique<Server>(options, handler_, *clock_);
    EXPECT_TRUE(server_->start().has_value());
    return {.address = "127.0.0.1", .port = server_->port()};
  }
  Result<ClientResponse> send(const Endpoint& to, ClientRequest request) {
    return runtime::run_task_for(loop_, client_.send(to, std::move(request)));
  }
  Result<ClientResponse> fetch(const Endpoint& to, std::string target) {
    return send(to, {.target = std::move(target)});
  }

  std::unique_ptr<runtime::Clock> clock_ = runtime::make_system_clock();
  TestHandler handler_{*clock_};
  std::unique_ptr<Server> server_;
  runtime::Loop loop_;
  Client client_;
};

// Listens, and does with each connection what its script says; no HTTP server at all.
class Scripted final {
 public:
  struct Turn {
    std::string wait_for;  // Read until this has come.
    std::string say;
  };
  // One list of turns for each connection; it is closed after them.
  explicit Scripted(std::vector<std::vector<Turn>> script) : script_(std::move(script)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    EXPECT_TRUE(pool_.submit([this] { play(); }));
  }
  ~Scripted() { ::close(fd_); }
  Endpoint endpoint() const { return {.address = "127.0.0.1", .port = port_}; }

 private:
  void play() {
    for (const auto& turns : script_) {
      const int peer = ::accept(fd_, nullptr, nullptr);
      std::string heard;
      for (const Turn& turn : turns) {
        char c = 0;
        while (heard.find(turn.wait_for) == std::string::npos && ::recv(peer, &c, 1, 0) == 1) {
          heard += c;
        }
        heard.clear();
        EXPECT_EQ(::send(peer, turn.say.data(), turn.say.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(turn.say.size()));
      }
      ::close(peer);
    }
  }

  std::vector<std::vector<Turn>> script_;
  int fd_ = -1;
  uint16_t port_ = 0;
  runtime::Pool pool_{"scripted", 1};
};

constexpr const char* kEnd = "\r\n\r\n";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(ClientTest, ExchangesAndKeepsConnections) {
  const Endpoint to = start();
  for (int i = 0; i < 3; ++i) {
    const auto answer = fetch(to, "/x?y");
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "GET /x?y 127.0.0.1:" + std::to_string(to.port));
    EXPECT_NE(answer->headers.find("x-remote"), nullptr);
    EXPECT_EQ(client_.idle_connections(), 1U);
  }
  EXPECT_EQ(server_->connections(), 1U);
  const Bytes large(500'000, 'b');
  EXPECT_EQ(send(to, {.method = "POST", .target = "/echo", .body = large})->body, large);
  EXPECT_EQ(fetch(to, "/pieces")->body, "hello world");
  EXPECT_EQ(send(to, {.method = "HEAD", .target = "/x"})->body, "");
  EXPECT_EQ(fetch(to, "/no-content")->status, 204);
  EXPECT_EQ(client_.idle_connections(), 1U);
  EXPECT_EQ(fetch(to, "/close")->status, 200);
  EXPECT_EQ(client_.idle_connections(), 0U);
}

TEST_F(ClientTest, SpeaksToUnixSockets) {
  const std::string path = "/tmp/millrace_http_client_" + std::to_string(::getpid());
  start({.unix_path = path});
  const Endpoint to{.unix_path = path};
  const auto answer = fetch(to, "/u");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body, "GET /u localhost");
  server_.reset();
  EXPECT_EQ(fetch(to, "/u").error().kind, ErrorKind::not_found);
}

// Data directories lie deeper than the 107 bytes that an address holds.
TEST_F(ClientTest, ReachesUnixSocketsOfAnyDepth) {
  const std::filesystem::path top = "/tmp/millrace_http_client_" + std::to_string(::getpid());
  const std::filesystem::path folder = top / std::string(100, 'd') / std::string(100, 'e');
  std::filesystem::create_directories(folder);
  const Endpoint to{.unix_path = folder / "socket"};
  EXPECT_EQ(fetch(to, "/u").error().kind, ErrorKind::not_found);
  start({.unix_path = to.unix_path});
  const auto answer = fetch(to, "/u");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body, "GET /u localhost");
  EXPECT_TRUE(std::filesystem::is_socket(to.unix_path));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(to.unix_path));
  const Endpoint nameless{.unix_path = folder / std::string(100, 'f')};
  EXPECT_EQ(fetch(nameless, "/u").error().kind, ErrorKind::invalid);
  std::filesystem::remove_all(top);
}

TEST_F(ClientTest, ReplacesAConnectionThatDiedIdle) {
  Scripted server({{{kEnd, kOk}, {kEnd, ""}}, {{kEnd, kOk}}});
  EXPECT_EQ(fetch(server.endpoint(), "/1")->body, "ok");
  const auto second = fetch(server.endpoint(), "/2");
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(second->body, "ok");
}

TEST_F(ClientTest, DoesNotAskTwiceOnANewConnection) {
  Scripted server({{{kEnd, ""}}, {{kEnd, kOk}}});
  EXPECT_EQ(fetch(server.endpoint(), "/").error().kind, ErrorKind::internal);
  EXPECT_EQ(fetch(server.endpoint(), "/")->body, "ok");
}

TEST_F(ClientTest, DoesNotAskTwiceOnceSomethingCame) {
  Scripted server({{{kEnd, kOk}, {kEnd, "HTTP/1.1 200 OK\r\n"}}});
  EXPECT_EQ(fetch(server.endpoint(), "/")->body, "ok");
  EXPECT_EQ(fetch(server.endpoint(), "/").error().kind, ErrorKind::internal);
}

TEST_F(ClientTest, UnderstandsWhatServersMaySend) {
  Scripted server(
      {{{kEnd, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil close"}},
       {{kEnd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"}}});
  EXPECT_EQ(fetch(server.endpoint(), "/")->body, "until close");
  EXPECT_EQ(client_.idle_connections(), 0U);
  EXPECT_EQ(fetch(server.endpoint(), "/")->body, "a");
}

TEST_F(ClientTest, RefusesMalformedAnswers) {
  Scripted server({{{kEnd, "SSH-2.0-x\r\n\r\n"}},
                   {{kEnd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"}},
                   {{kEnd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"}},
                   {{kEnd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na"}},
                   {{kEnd, "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"}}});
  for (const ErrorKind kind : {ErrorKind::invalid, ErrorKind::invalid, ErrorKind::invalid,
                               ErrorKind::internal, ErrorKind::exhausted}) {
    const auto answer = fetch(server.endpoint(), "/");
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().kind, kind) << answer.error().message;
  }
}

TEST_F(ClientTest, RefusesMalformedRequests) {
  const Endpoint to{.address = "127.0.0.1", .port = 1};
  EXPECT_EQ(fetch(to, "/a b").error().kind, ErrorKind::invalid);
  EXPECT_EQ(fetch(to, "/a\r\nX: y").error().kind, ErrorKind::invalid);
  ClientRequest split{.headers = {{"X", "a\r\nY: b"}}};
  EXPECT_EQ(send(to, std::move(split)).error().kind, ErrorKind::invalid);
  EXPECT_EQ(fetch({.address = "a.name", .port = 1}, "/").error().kind, ErrorKind::invalid);
  EXPECT_EQ(fetch({}, "/").error().kind, ErrorKind::invalid);
}

TEST_F(ClientTest, GivesUpInTime) {
  const Endpoint to = start();
  ClientRequest request{.target = "/gate", .timeout = milliseconds{1}};
  EXPECT_EQ(send(to, std::move(request)).error().kind, ErrorKind::deadline);
  handler_.gate.await_arrival();
  handler_.gate.open();
  EXPECT_EQ(fetch(to, "/")->status, 200);
}

}  // namespace
}  // namespace millrace::http
