#include "bench/echo.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "runtime/clock.h"
#include "wire/http/server.h"

namespace millrace::bench {
namespace {

constexpr size_t kPieceBytes = 256 * 1024;
constexpr uint64_t kWholeBytesMax = 1 << 20;

// So many bytes, which are the same piece again and again.
class Repeated final : public http::BodyReader {
 public:
  explicit Repeated(uint64_t bytes) : bytes_(bytes), left_(bytes) {}
  Task<size_t> read(char* buffer, size_t size) override {
    const auto n = static_cast<size_t>(std::min<uint64_t>(size, left_));
    std::fill_n(buffer, n, 'x');
    left_ -= n;
    co_return n;
  }
  std::optional<uint64_t> content_length() const override { return bytes_; }

 private:
  uint64_t bytes_;
  uint64_t left_;
};

class Answers final : public http::Handler {
 public:
  explicit Answers(uint64_t bytes) : bytes_(bytes) {}

  Task<http::Response> handle(http::Request& request) override {
    const auto announced = request.body.content_length().value_or(kPieceBytes);
    const auto size = static_cast<size_t>(std::clamp<uint64_t>(announced, 1, kPieceBytes));
    const std::unique_ptr<char[]> buffer(new char[size]);
    for (size_t n = 1; n != 0;) {
      CO_TRY(n, co_await request.body.read(buffer.get(), size));
    }
    http::Response response;
    if (bytes_ <= kWholeBytesMax) {
      response.body = Bytes(bytes_, 'x');
    } else {
      response.body = http::StreamBody{std::make_unique<Repeated>(bytes_)};
    }
    co_return response;
  }

 private:
  uint64_t bytes_;
};

[[noreturn]] void serve(int told, uint64_t answer_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto clock = runtime::make_system_clock();
  Answers answers(answer_bytes);
  http::ServerOptions options;
  options.loops = std::max(1U, std::thread::hardware_concurrency());
  http::Server server(options, answers, *clock);
  const uint16_t port = server.start() ? server.port() : 0;
  static_cast<void>(!::write(told, &port, sizeof port));
  for (;;) ::pause();
}

}  // namespace

Result<Echo> Echo::start(uint64_t answer_bytes) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) return fail(ErrorKind::internal, "the echo has no pipe");
  const pid_t pid = ::fork();
  if (pid == 0) serve(ends[1], answer_bytes);
  ::close(ends[1]);
  uint16_t port = 0;
  const bool told = pid > 0 && ::read(ends[0], &port, sizeof port) == sizeof port && port != 0;
  ::close(ends[0]);
  if (pid < 0) return fail(ErrorKind::internal, "the echo has no process");
  Echo echo(pid, port);
  if (!told) return fail(ErrorKind::internal, "the echo has no socket");
  return echo;
}

Echo::Echo(Echo&& other) noexcept : pid_(std::exchange(other.pid_, 0)), port_(other.port_) {}

Echo::~Echo() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace millrace::bench
