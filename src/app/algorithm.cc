#include "app/algorithm.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stop_token>
#include <thread>

#include "app/parquet_tables.h"
#include "app/stored_channels.h"
#include "engines/jobs/launcher.h"
#include "engines/ml/algorithms.h"
#include "engines/ml/program.h"
#include "engines/ml/serving.h"
#include "engines/sql/sql.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/pool.h"
#include "wire/http/server.h"

namespace millrace::app {
namespace {

constexpr int kExitFailed = 1;
constexpr size_t kRequestBytesMax = 32 * 1024 * 1024;
constexpr milliseconds kStopPatience{10'000};

// Stands before the paths that the contract names.
std::string root_prefix() {
  const char* const prefix = std::getenv(jobs::kRootVariable);
  return prefix != nullptr ? prefix : "";
}

runtime::Path root_folder() { return runtime::Path(root_prefix() + "/opt/ml"); }

int failed(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  return kExitFailed;
}

// One write a line, so that lines of several threads do not mix and the reader sees them at once.
void print_line(std::string_view text) {
  std::string line(text);
  line += '\n';
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t put = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (put <= 0) return;
    rest.remove_prefix(static_cast<size_t>(put));
  }
}

sigset_t block_termination() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

http::Response text_response(int status, std::string body) {
  http::Response out{.status = status, .headers = {}, .body = std::move(body)};
  out.headers.add("Content-Type", "text/plain");
  return out;
}

// SageMaker's contract of a serving container.
class Invocations final : public http::Handler {
 public:
  explicit Invocations(const ml::Scorer& scorer) : scorer_(scorer) {}

  Task<http::Response> handle(http::Request& request) override {
    if (request.path == "/ping") co_return text_response(200, "\n");
    if (request.path != "/invocations") co_return text_response(404, "no such path\n");
    if (request.method != "POST") co_return text_response(405, "POST is expected\n");
    const std::string type(request.headers.find("content-type").value_or(""));
    const std::string accept(request.headers.find("accept").value_or(""));
    const Result<Bytes> body = co_await http::read_all(request.body, kRequestBytesMax);
    if (!body) co_return text_response(413, body.error().message);
    Result<ml::Response> answer = scorer_.invoke(type, accept, *body);
    if (!answer) co_return text_response(ml::status_of(answer.error()), answer.error().message);
    http::Response out{.status = 200, .headers = {}, .body = std::move(answer->body)};
    out.headers.add("Content-Type", std::move(answer->content_type));
    co_return out;
  }

 private:
  const ml::Scorer& scorer_;
};

}  // namespace

int train_algorithm(const std::string& image) {
  const ml::Algorithm* const algorithm = ml::find_algorithm_of_image(image);
  if (algorithm == nullptr) return failed("no algorithm has the image " + image);
  const sigset_t signals = block_termination();
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_system_clock();
  std::stop_source stop;
  runtime::Pool signals_thread("signals", 1);
  const bool watching = signals_thread.submit([&] {
    int received = 0;
    sigwait(&signals, &received);
    stop.request_stop();
  });
  if (!watching) return failed("the signals cannot be watched");
  const auto stored =
      StoredChannels::open(*disk, *clock, root_folder(), root_prefix(), stop.get_token());
  if (!stored) return failed(ml::failure_text(stored.error()));
  ParquetTables tables(*disk, *clock, sql::libraries_beside("/proc/self/exe"));
  const Result<void> result = ml::train(*algorithm, {.disk = *disk,
                                                     .clock = *clock,
                                                     .root = root_folder(),
                                                     .out = print_line,
                                                     .stop = stop.get_token(),
                                                     .tables = &tables,
                                                     .stored = stored->get()});
  if (!result) fmt::print(stderr, "{}\n", ml::failure_text(result.error()));
  ::kill(::getpid(), SIGTERM);  // Wakes the thread that waits for it.
  return ml::exit_status(result);
}

int serve_algorithm(const std::string& image) {
  const ml::Algorithm* const algorithm = ml::find_algorithm_of_image(image);
  if (algorithm == nullptr) return failed("no algorithm has the image " + image);
  const sigset_t signals = block_termination();
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_system_clock();
  const runtime::Path root = root_folder();
  const auto scorer = ml::Scorer::load(*disk, *algorithm, root);
  if (!scorer) return failed("The model cannot be loaded: " + scorer.error().message);
  Invocations handler(**scorer);
  http::ServerOptions options;
  options.address.clear();
  options.unix_path = (root / "run" / "serve.sock").string();
  http::Server server(std::move(options), handler, *clock);
  if (auto started = server.start(); !started) return failed(started.error().message);
  print_line("ready");
  int received = 0;
  sigwait(&signals, &received);
  server.stop(kStopPatience);
  return 0;
}

}  // namespace millrace::app
