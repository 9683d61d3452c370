// Connection: one peer of the server, from accept to close. Private to this folder.
//
// Lives in one coroutine on one loop; the sweep of that loop looks at it between its steps.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "runtime/clock.h"
#include "runtime/nursery.h"
#include "wire/http/input_buffer.h"
#include "wire/http/parser.h"
#include "wire/http/response_head.h"
#include "wire/http/socket.h"

namespace millrace::http {

class Connection;
class RequestBody;

// What all connections of a server share.
struct Shared {
  Handler& handler;
  runtime::Clock& clock;
  const ServerLimits limits;
  std::atomic<size_t> connections = 0;
  std::mutex mutex;
  std::condition_variable ended;  // A connection has.
};

// One of the server's loops and what runs on it. All but `loop` and `nursery` is touched on the
// loop's thread only.
struct ServingLoop {
  runtime::Loop loop;
  runtime::Nursery nursery{loop};
  asio::steady_timer sweep_timer{loop.context()};
  milliseconds now{0};  // Since the start; as coarse as the sweep.
  bool draining = false;
  std::stop_source cut;
  Connection* first = nullptr;
  std::chrono::sys_seconds date_second{seconds{-1}};
  std::string date;

  std::string_view http_date(Time now);
  void sweep(milliseconds elapsed);
};

class Connection final {
 public:
  Connection(ServingLoop& home, Shared& shared, Socket socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Task<void> serve();
  Task<void> turn_away();  // Answers 503.

  void apply_time_limits();
  void close_if_idle();
  void cut();
  Connection* next() const { return next_; }

 private:
  friend class RequestBody;
  enum class Phase : uint8_t { idle, head, body, handling, writing, lingering };
  enum class After : uint8_t { keep, linger, close };

  Task<bool> read_head();
  bool take_head();
  Task<size_t> receive(Phase phase, char* data, size_t size);
  Task<After> serve_one();
  Task<Response> answer(Request& request);
  Task<After> send_answer(Response& response, RequestBody& body, AnswerContext context);
  Task<void> send_body(Response& response, BodyPlan plan);
  Result<BodyPlan> build_head(Response& response, AnswerContext& context);
  Task<void> send_stream(BodyReader& reader, bool chunked);
  Task<void> send_file(FileBody& file);
  Task<void> send(Pieces pieces, bool more);
  Task<void> wait_writable();
  Task<After> send_fault(Fault fault);
  Task<void> linger();
  void expire();
  void abort();
  void close();

  ServingLoop& home_;
  Shared& shared_;
  Socket socket_;
  Connection* previous_ = nullptr;
  Connection* next_ = nullptr;
  std::string remote_;

  InputBuffer input_;
  InputBuffer chunk_input_;  // Raw bytes behind the head of a request in chunks.
  bool chunk_input_used_ = false;
  HeadScanner scanner_;
  RequestHead head_;
  std::optional<Fault> fault_;
  std::string out_;

  Phase phase_ = Phase::idle;
  milliseconds since_{0};  // When the current wait, or the current head, began.
  milliseconds last_sweep_{0};
  milliseconds body_waited_{0};
  uint64_t body_received_ = 0;
  bool timed_out_ = false;
  bool closing_ = false;  // No request is here yet, and the server stops.
  bool cut_ = false;
};

}  // namespace millrace::http
