// For the tests: a blocking peer that says exactly what it is told, and a handler to talk to.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "runtime/clock.h"
#include "runtime/loop.h"
#include "wire/http/server.h"

namespace millrace::http {

// Blocks a handler until the test opens it, and tells the test that the handler has come.
class Gate final {
 public:
  Task<void> pass();     // For the handler.
  void arrive();         // The same, without waiting.
  void await_arrival();  // For the test.
  void open();

 private:
  friend struct GateAwaiter;
  std::mutex mutex_;
  std::condition_variable arrived_;
  bool has_arrived_ = false;
  std::coroutine_handle<> waiting_;
  runtime::Loop* loop_ = nullptr;
};

// Answers by path: see the definition.
class TestHandler final : public Handler {
 public:
  explicit TestHandler(runtime::Clock& clock) : clock_(clock) {}
  Task<Response> handle(Request& request) override;

  Gate gate;
  FileBody file;
  std::string body_error;  // Of the last body that could not be read.

 private:
  Task<Response> echo_or_count(Request& request);
  runtime::Clock& clock_;
};

struct Answer {
  int status = 0;  // 0: the connection ended first.
  std::string head;
  std::string body;
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class Peer final {
 public:
  explicit Peer(uint16_t port);
  explicit Peer(const std::string& unix_path);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(std::string_view bytes);  // Ignores that the peer has gone.
  void finish();                      // No more will be sent.
  void close();
  void reset();  // Closes with RST.
  Answer read_answer(bool head_request = false);
  Answer ask(std::string_view request);
  size_t read_some(char* data, size_t size);  // 0: closed or reset.
  bool ended() {
    char c;
    return held_.empty() && read_some(&c, 1) == 0;
  }
  bool readable(int wait_ms);

 private:
  bool more();
  int fd_ = -1;
  std::string held_;
};

std::string get(std::string_view path, std::string_view headers = "");
std::string post(std::string_view path, std::string_view body);

}  // namespace millrace::http
