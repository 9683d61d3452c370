#include "wire/http/body.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "runtime/log.h"
#include "runtime/pool.h"
#include "wire/http/test_peer.h"

namespace millrace::http {
namespace {

class BodyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    options_.sweep_interval = milliseconds{0};
  }
  void TearDown() override { runtime::set_log_level(runtime::LogLevel::info); }
  uint16_t start() {
    server_ = std::make_unique<Server>(options_, handler_, *clock_);
    const Result<void> started = server_->start();
    EXPECT_TRUE(started.has_value());
    return server_->port();
  }
  // Moves the server's time on until the peer hears something.
  bool sweep_until_readable(Peer& peer, milliseconds step) {
    constexpr int kStepsMax = 500;
    for (int i = 1; i <= kStepsMax; ++i) {
      server_->sweep(elapsed_ += step);
      if (peer.readable(10)) return true;
    }
    return false;
  }

  std::unique_ptr<runtime::Clock> clock_ = runtime::make_system_clock();
  TestHandler handler_{*clock_};
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  milliseconds elapsed_{0};
};

constexpr std::string_view kChunkedPost =
    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(BodyTest, ReadAllIsBounded) {
  runtime::Loop loop;
  const auto read = [&](std::unique_ptr<BodyReader> body, size_t size_max) {
    return runtime::run_task_for(loop, read_all(*body, size_max));
  };
  EXPECT_EQ(read(make_bytes_body("hello"), 5).value(), "hello");
  EXPECT_EQ(read(make_pieces_body("hello", 2), 5).value(), "hello");
  EXPECT_EQ(read(make_bytes_body(""), 0).value(), "");
  EXPECT_EQ(read(make_bytes_body("hello"), 4).error().kind, ErrorKind::exhausted);
  EXPECT_EQ(read(make_pieces_body("hello", 2), 4).error().kind, ErrorKind::exhausted);
  const Bytes large(300'000, 'x');
  EXPECT_EQ(read(make_bytes_body(large), 300'000).value(), large);
}

TEST_F(BodyTest, ChunksComeInAndGoOut) {
  Peer peer(start());
  const std::string chunks = "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: v\r\n\r\n";
  EXPECT_EQ(peer.ask(std::string(kChunkedPost) + chunks + get("/next")).body, "abcd");
  EXPECT_EQ(peer.read_answer().body, "GET /next h") << "what follows a body in chunks is kept";
  peer.send(kChunkedPost);
  for (const char c : chunks) peer.send({&c, 1});
  EXPECT_EQ(peer.read_answer().body, "abcd");
  const Answer pieces = peer.ask(get("/pieces"));
  EXPECT_EQ(pieces.body, "hello world");
  EXPECT_TRUE(pieces.has("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(peer.ask(get("/sized")).has("Content-Length: 11\r\n"));
  std::string request =
      "POST /chunk-echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string large(200'000, 'z');
  request += "30d40\r\n" + large + "\r\n0\r\n\r\n";
  EXPECT_EQ(peer.ask(request).body, large);
  EXPECT_EQ(peer.ask(get("/x")).status, 200);
}

TEST_F(BodyTest, MalformedAndTruncatedBodiesAreInvalid) {
  const uint16_t port = start();
  for (const char* chunks : {"x\r\n", "3\r\nabcd\r\n", "3\nabc", "0\r\n : \r\n\r\n"}) {
    Peer peer(port);
    const Answer answer = peer.ask(std::string(kChunkedPost) + chunks);
    EXPECT_EQ(answer.status, 400) << chunks;
    EXPECT_EQ(answer.body, "invalid");
    EXPECT_TRUE(answer.has("Connection: close\r\n"));
    EXPECT_TRUE(peer.ended());
  }
  for (const std::string& start :
       {std::string(kChunkedPost) + "5\r\nab", std::string(kChunkedPost),
        std::string("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")}) {
    Peer peer(port);
    peer.send(start);
    peer.finish();
    EXPECT_EQ(peer.read_answer().body, "invalid") << start;
  }
}

TEST_F(BodyTest, TooLargeIsExhausted) {
  options_.limits.body_bytes = 100;
  const uint16_t port = start();
  const std::string large(101, 'a');
  Peer sized(port);
  EXPECT_EQ(sized.ask(post("/echo", large)).body, "exhausted");
  EXPECT_TRUE(sized.ended());
  Peer chunked(port);
  EXPECT_EQ(chunked.ask(std::string(kChunkedPost) + "65\r\n" + large + "\r\n0\r\n\r\n").body,
            "exhausted");
  EXPECT_TRUE(chunked.ended());
  Peer peer(port);
  EXPECT_EQ(peer.ask(post("/echo", large.substr(1))).body, large.substr(1));
}

TEST_F(BodyTest, InvitesTheBodyWhenItIsRead) {
  const uint16_t port = start();
  Peer peer(port);
  const auto expect = [](std::string_view path) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n";
  };
  EXPECT_EQ(peer.ask(expect("/echo")).status, 100);
  EXPECT_EQ(peer.ask("abc").body, "abc");
  EXPECT_EQ(peer.ask(expect("/echo") + "abc").body, "abc") << "sent without waiting";
  const Answer refused = peer.ask(expect("/ignore"));
  EXPECT_EQ(refused.status, 200) << "not read, not invited";
  EXPECT_TRUE(refused.has("Connection: close\r\n"));
  EXPECT_TRUE(!peer.readable(0) || peer.ended());
}

TEST_F(BodyTest, UnreadBodiesAreDrainedOrEndTheConnection) {
  options_.limits.drain_bytes = 50'000;
  const uint16_t port = start();
  Peer peer(port);
  EXPECT_EQ(peer.ask(post("/ignore", std::string(50'000, 'x')) + get("/next")).body, "ignored");
  EXPECT_EQ(peer.read_answer().body, "GET /next h");
  peer.send("POST /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(peer.ask("3\r\nabc\r\n0\r\n\r\n").body, "ignored");
  const Answer closing = peer.ask(post("/ignore", std::string(50'001, 'x')));
  EXPECT_EQ(closing.body, "ignored");
  EXPECT_TRUE(closing.has("Connection: close\r\n"));
  EXPECT_TRUE(peer.ended());
}

TEST_F(BodyTest, ABrokenStreamCutsTheConnection) {
  const uint16_t port = start();
  Peer peer(port);
  EXPECT_EQ(peer.ask(get("/short")).status, 0) << "one byte less than announced, then the end";
  Peer other(port);
  EXPECT_EQ(other.ask(get("/throwing")).status, 0) << "no last chunk";
  Peer last(port);
  EXPECT_EQ(last.ask(get("/x")).status, 200);
}

TEST_F(BodyTest, SlowPeersAreCut) {
  options_.limits.idle = std::chrono::hours(10'000);
  const uint16_t port = start();
  const milliseconds step = seconds{25};
  Peer head(port);
  head.send("GET / HTTP/1.1\r\nHo");
  ASSERT_TRUE(sweep_until_readable(head, step));
  EXPECT_EQ(head.read_answer().status, 408);
  EXPECT_TRUE(head.ended());

  Peer body(port);
  body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  ASSERT_TRUE(sweep_until_readable(body, step));
  EXPECT_EQ(body.read_answer().body, "deadline");
}

TEST_F(BodyTest, DrippingPeersAreCut) {
  options_.limits.idle = std::chrono::hours(10'000);
  Peer peer(start());
  peer.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  // A byte every ten seconds never stalls, but stays far below the least rate.
  for (int i = 0; i < 200 && !peer.readable(10); ++i) {
    peer.send("x");
    server_->sweep(elapsed_ += seconds{10});
  }
  EXPECT_EQ(peer.read_answer().body, "deadline");
}

TEST_F(BodyTest, IdleAndUnreadingPeersAreClosed) {
  const uint16_t port = start();
  Peer idle(port);
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  ASSERT_TRUE(sweep_until_readable(idle, seconds{80}));
  EXPECT_TRUE(idle.ended());

  Peer deaf(port);
  deaf.send(get("/endless"));
  ASSERT_TRUE(deaf.readable(10'000));
  Peer other(port);
  for (int i = 0; i < 500 && server_->connections() > 1; ++i) {
    server_->sweep(elapsed_ += seconds{70});
    other.readable(10);
  }
  EXPECT_LE(server_->connections(), 1U);
}

// AddressSanitizer keeps what was freed for a while, in a quarantine of 256 MiB.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MILLRACE_QUARANTINE
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(MILLRACE_QUARANTINE)
constexpr uint64_t kGrowthMax = 400U << 20;
#else
constexpr uint64_t kGrowthMax = 16U << 20;
#endif

// VmHWM or VmRSS of this process.
uint64_t memory_bytes(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stoull(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

TEST_F(BodyTest, AGibibyteTakesConstantMemory) {
  constexpr uint64_t kTotal = 1ULL << 30;
  Peer peer(start());
  const std::string piece(1 << 20, 'p');
  std::string buffer(1 << 20, '\0');
  std::ofstream("/proc/self/clear_refs") << "5";  // Forgets the peak so far.
  const uint64_t before = memory_bytes("VmRSS:");
  ASSERT_GT(before, 0U);
  uint64_t received = 0;
  {
    runtime::Pool sender("send", 1);
    ASSERT_TRUE(sender.submit([&] {
      peer.send("POST /stream-echo HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                std::to_string(kTotal) + "\r\n\r\n");
      for (uint64_t sent = 0; sent < kTotal; sent += piece.size()) peer.send(piece);
    }));
    while (received < kTotal) {
      const size_t n = peer.read_some(buffer.data(), buffer.size());
      if (n == 0) break;
      received += n;
    }
  }
  EXPECT_GE(received, kTotal);
  EXPECT_LT(memory_bytes("VmHWM:"), before + kGrowthMax);
}

}  // namespace
}  // namespace millrace::http
