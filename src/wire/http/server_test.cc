#include "wire/http/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/log.h"
#include "runtime/pool.h"
#include "wire/http/test_peer.h"

namespace millrace::http {
namespace {

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    options_.sweep_interval = milliseconds{0};
  }
  void TearDown() override {
    server_.reset();
    runtime::set_log_level(runtime::LogLevel::info);
    for (const auto& path : files_) std::filesystem::remove(path);
  }
  uint16_t start() {
    server_ = std::make_unique<Server>(options_, handler_, *clock_);
    const Result<void> started = server_->start();
    EXPECT_TRUE(started.has_value()) << started.error().message;
    return server_->port();
  }
  std::string scratch(const std::string& name) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("millrace_http_" + std::to_string(::getpid()) + "_" + name);
    files_.push_back(path);
    return path;
  }

  std::unique_ptr<runtime::Clock> clock_ = runtime::make_system_clock();
  TestHandler handler_{*clock_};
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::vector<std::filesystem::path> files_;
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  Peer peer(start());
  for (int i = 0; i < 3; ++i) {
    const Answer answer = peer.ask(get("/a%20b?q=1"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a%20b?q=1 h");
    EXPECT_TRUE(answer.has("Content-Length: 16\r\n"));
    EXPECT_TRUE(answer.has("Date: "));
    EXPECT_TRUE(answer.has("X-Remote: 127.0.0.1:"));
    EXPECT_FALSE(answer.has("Connection:"));
  }
}

TEST_F(ServerTest, DateComesFromTheClock) {
  clock_ = runtime::make_manual_clock(Time{seconds{784111777}});
  Peer peer(start());
  EXPECT_TRUE(peer.ask(get("/")).has("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  clock_->advance(seconds{1});
  EXPECT_TRUE(peer.ask(get("/")).has("Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"));
}

TEST_F(ServerTest, ServesPipelinedRequestsInOrder) {
  Peer peer(start());
  std::string all;
  for (int i = 0; i < 20; ++i) all += get("/" + std::to_string(i)) + post("/echo", "body");
  peer.send(all);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(peer.read_answer().body, "GET /" + std::to_string(i) + " h");
    EXPECT_EQ(peer.read_answer().body, "body");
  }
}

TEST_F(ServerTest, DoesNotAnswerAheadOfARequestInHand) {
  Peer peer(start());
  peer.send(get("/gate") + get("/second"));
  handler_.gate.await_arrival();
  EXPECT_FALSE(peer.readable(0));
  handler_.gate.open();
  EXPECT_EQ(peer.read_answer().body, "passed");
  EXPECT_EQ(peer.read_answer().body, "GET /second h");
}

TEST_F(ServerTest, SpeaksHttp10) {
  const uint16_t port = start();
  Peer peer(port);
  EXPECT_TRUE(peer.ask("GET /x HTTP/1.0\r\n\r\n").has("Connection: close\r\n"));
  EXPECT_TRUE(peer.ended());
  Peer kept(port);
  const std::string request = "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_TRUE(kept.ask(request).has("Connection: keep-alive\r\n"));
  EXPECT_EQ(kept.ask(request).status, 200);
  const Answer stream = kept.ask("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(stream.body, "hello world");
  EXPECT_FALSE(stream.has("Transfer-Encoding"));
  EXPECT_TRUE(stream.has("Connection: close\r\n"));
}

TEST_F(ServerTest, HonoursClose) {
  const uint16_t port = start();
  Peer asks(port);
  EXPECT_TRUE(asks.ask(get("/", "Connection: close\r\n")).has("Connection: close\r\n"));
  EXPECT_TRUE(asks.ended());
  Peer told(port);
  EXPECT_TRUE(told.ask(get("/close")).has("Connection: close\r\n"));
  EXPECT_TRUE(told.ended());
}

TEST_F(ServerTest, HeadAndEmptyAnswersHaveNoBody) {
  Peer peer(start());
  peer.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(peer.read_answer(true).has("Content-Length: 9\r\n"));
  peer.send("HEAD /object-head HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(peer.read_answer(true).has("Content-Length: 12345\r\n"));
  peer.send("HEAD /pieces HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_FALSE(peer.read_answer(true).has("Content-Length"));
  EXPECT_TRUE(peer.ask(get("/object-head")).has("Content-Length: 0\r\n"));
  EXPECT_EQ(peer.ask(get("/no-content")).status, 204);
  const Answer not_modified = peer.ask(get("/not-modified"));
  EXPECT_EQ(not_modified.status, 304);
  EXPECT_FALSE(not_modified.has("Content-Length"));
  EXPECT_EQ(peer.ask(get("/x")).body, "GET /x h") << "nothing stray was sent";
}

TEST_F(ServerTest, FailingHandlersBecome500) {
  Peer peer(start());
  EXPECT_EQ(peer.ask(get("/throw")).status, 500);
  EXPECT_EQ(peer.ask(get("/error")).status, 500);
  const Answer split = peer.ask(get("/split"));
  EXPECT_EQ(split.status, 500);
  EXPECT_FALSE(split.has("Set-Cookie"));
  EXPECT_EQ(peer.ask(get("/x")).status, 200);
}

TEST_F(ServerTest, RefusesMalformedHeadsAndCloses) {
  const uint16_t port = start();
  const struct {
    std::string bytes;
    int status;
  } cases[] = {
      {"\x16\x03\x01\x02", 400},
      {"GET / HTTP/1.1\n\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"GET /" + std::string(17000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
      {get("/", "X: " + std::string(33000, 'a') + "\r\n"), 431},
      {get("/", "Expect: miracles\r\n"), 417},
  };
  for (const auto& c : cases) {
    Peer peer(port);
    const Answer answer = peer.ask(c.bytes);
    EXPECT_EQ(answer.status, c.status) << c.bytes.substr(0, 60);
    EXPECT_TRUE(answer.has("Connection: close\r\n"));
    EXPECT_TRUE(peer.ended());
  }
  Peer truncated(port);
  truncated.send("GET / HTTP/1.1\r\nHost:");
  truncated.finish();
  EXPECT_EQ(truncated.read_answer().status, 400);
  Peer silent(port);
  silent.finish();
  EXPECT_TRUE(silent.ended());
  Peer forgiven(port);
  EXPECT_EQ(forgiven.ask("\r\n" + get("/")).status, 200);
}

TEST_F(ServerTest, HeadMayComeByteByByte) {
  Peer peer(start());
  for (const char c : post("/echo", "abc")) peer.send({&c, 1});
  EXPECT_EQ(peer.read_answer().body, "abc");
}

TEST_F(ServerTest, TurnsAwayTooManyConnections) {
  options_.limits.connections = 2;
  const uint16_t port = start();
  Peer first(port);
  Peer second(port);
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_EQ(second.ask(get("/")).status, 200);
  Peer third(port);
  EXPECT_EQ(third.read_answer().status, 503);
  EXPECT_TRUE(third.ended());
  EXPECT_EQ(first.ask(get("/")).status, 200);
}

TEST_F(ServerTest, SpreadsOverLoops) {
  options_.loops = 3;
  const uint16_t port = start();
  EXPECT_EQ(server_->loops(), 3U);
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 9; ++i) peers.push_back(std::make_unique<Peer>(port));
  for (int round = 0; round < 5; ++round) {
    for (auto& peer : peers) peer->send(post("/echo", std::to_string(round)));
    for (auto& peer : peers) EXPECT_EQ(peer->read_answer().body, std::to_string(round));
  }
  EXPECT_EQ(server_->connections(), 9U);
}

TEST_F(ServerTest, ListensOnAUnixSocket) {
  options_.unix_path = scratch("socket");
  const uint16_t port = start();
  Peer peer(options_.unix_path);
  const Answer answer = peer.ask(get("/u"));
  EXPECT_EQ(answer.body, "GET /u h");
  EXPECT_TRUE(answer.has("X-Remote: unix\r\n"));
  Peer tcp(port);
  EXPECT_EQ(tcp.ask(get("/")).status, 200);
  struct stat status{};
  ASSERT_EQ(::stat(options_.unix_path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);

  Server rival(options_, handler_, *clock_);
  const Result<void> refused = rival.start();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::already_exists);
  EXPECT_EQ(peer.ask(get("/u")).status, 200);
  server_->stop(milliseconds{0});
  EXPECT_FALSE(std::filesystem::exists(options_.unix_path));
}

TEST_F(ServerTest, StartTellsWhyItFails) {
  const uint16_t port = start();
  options_.port = port;
  Server rival(options_, handler_, *clock_);
  EXPECT_EQ(rival.start().error().kind, ErrorKind::already_exists);
  options_.address = "localhost.example";
  Server nameless(options_, handler_, *clock_);
  EXPECT_EQ(nameless.start().error().kind, ErrorKind::invalid);
  options_.address = "";
  options_.unix_path = scratch("plain_file");
  std::ofstream(options_.unix_path) << "precious";
  Server careless(options_, handler_, *clock_);
  EXPECT_EQ(careless.start().error().kind, ErrorKind::already_exists);
  EXPECT_TRUE(std::filesystem::exists(options_.unix_path));
}

TEST_F(ServerTest, StopLetsRequestsInFlightEnd) {
  const uint16_t port = start();
  Peer idle(port);
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  Peer busy(port);
  busy.send(get("/gate"));
  handler_.gate.await_arrival();
  {
    runtime::Pool stopper("stop", 1);
    ASSERT_TRUE(stopper.submit([&] { server_->stop(std::chrono::hours(1)); }));
    EXPECT_TRUE(idle.ended());
    EXPECT_FALSE(busy.readable(0));
    handler_.gate.open();
    const Answer answer = busy.read_answer();
    EXPECT_EQ(answer.body, "passed");
    EXPECT_TRUE(answer.has("Connection: close\r\n"));
    EXPECT_TRUE(busy.ended());
  }
  EXPECT_EQ(server_->connections(), 0U);
  Peer late(port);
  EXPECT_EQ(late.ask(get("/")).status, 0);
}

TEST_F(ServerTest, StopWithoutPatienceCuts) {
  const uint16_t port = start();
  Peer working(port);
  working.send(get("/until-stop"));
  handler_.gate.await_arrival();
  Peer uploading(port);
  uploading.send("POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  Peer downloading(port);
  downloading.send(get("/endless"));
  EXPECT_TRUE(downloading.readable(10'000));
  server_->stop(milliseconds{0});
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_TRUE(working.ended());
}

TEST_F(ServerTest, SurvivesPeersThatGoAway) {
  const uint16_t port = start();
  for (int i = 0; i < 5; ++i) {
    Peer peer(port);
    peer.send(get("/gate"));
    handler_.gate.await_arrival();
    if (i % 2 == 0) {
      peer.reset();
    } else {
      peer.close();
    }
    handler_.gate.open();
    Peer reader(port);
    reader.send(get("/endless"));
    EXPECT_TRUE(reader.readable(10'000));
    reader.reset();
    Peer writer(port);
    writer.send("POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    writer.reset();
  }
  Peer peer(port);
  EXPECT_EQ(peer.ask(get("/")).status, 200);
  peer.close();
  server_->stop(std::chrono::hours(1));
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(ServerTest, SendsPartsOfFiles) {
  const std::string path = scratch("file");
  std::string content;
  for (int i = 0; content.size() < 3'000'000; ++i) content += std::to_string(i) + ",";
  std::ofstream(path) << content;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const auto owner = std::shared_ptr<const void>(new int(fd), [](const void* p) {
    ::close(*static_cast<const int*>(p));
    delete static_cast<const int*>(p);
  });
  handler_.file = {.descriptor = fd, .offset = 1000, .length = 2'000'000, .owner = owner};
  const uint16_t port = start();
  Peer peer(port);
  EXPECT_EQ(peer.ask(get("/file")).body, content.substr(1000, 2'000'000));
  peer.send("HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(peer.read_answer(true).has("Content-Length: 2000000\r\n"));
  handler_.file.length = 0;
  EXPECT_EQ(peer.ask(get("/file")).body, "");
  handler_.file.length = content.size();
  EXPECT_EQ(peer.ask(get("/file")).status, 0) << "the file is shorter: the connection is cut";
  Peer leaves(port);
  leaves.send(get("/file"));
  leaves.reset();
  Peer last(port);
  EXPECT_EQ(last.ask(get("/")).status, 200);
}

}  // namespace
}  // namespace millrace::http
