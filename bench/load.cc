// Puts signed requests on a server and prints, as one line of JSON, what it reached and what a
// request cost the server. Credentials come from the environment, as `millrace env` prints them.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "bench/echo.h"
#include "bench/exchange.h"
#include "bench/peer.h"
#include "bench/requests.h"
#include "bench/speeds.h"
#include "runtime/clock.h"

namespace millrace::bench {
namespace {

struct Options {
  std::string url;
  RequestPlan plan;
  Load load;
  std::string body_file;
  size_t body_bytes = 0;
  int64_t bare_answer_bytes = -1;
  int64_t echo_answer_bytes = -1;
  size_t digest_bytes = 0;
};

// Bytes that no file system or wire compresses, the same in every run.
std::string noise(size_t bytes) {
  std::string out(bytes, '\0');
  uint64_t state = 0x9E3779B97F4A7C15ULL;
  for (char& c : out) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state);
  }
  return out;
}

Credentials credentials() {
  const auto read = [](const char* name, std::string otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::string(value) : std::move(otherwise);
  };
  return {read("AWS_ACCESS_KEY_ID", ""), read("AWS_SECRET_ACCESS_KEY", ""),
          read("AWS_REGION", "us-east-1")};
}

Result<void> aim(Options& options) {
  constexpr std::string_view kScheme = "http://";
  if (!options.url.starts_with(kScheme)) return fail(ErrorKind::invalid, "--url: http://…");
  options.plan.host = options.url.substr(kScheme.size());
  const size_t colon = options.plan.host.rfind(':');
  if (colon == std::string::npos) return fail(ErrorKind::invalid, "--url: no port");
  const std::string& host = options.plan.host;
  std::from_chars(host.data() + colon + 1, host.data() + host.size(), options.load.port);
  return {};
}

double micros(const std::vector<uint32_t>& sorted, double quantile) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<size_t>(quantile * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)] / 1e3;
}

void print(Measured measured, uint64_t sent_bytes) {
  std::ranges::sort(measured.latencies_ns);
  const auto n = static_cast<double>(std::max<uint64_t>(measured.requests, 1));
  const double cpu = measured.server_cpu_seconds;
  fmt::print(
      "{{\"requests\":{},\"seconds\":{:.4f},\"requests_per_second\":{:.1f},"
      "\"server_cpu_us\":{:.2f},\"requests_per_core_second\":{:.0f},"
      "\"p50_us\":{:.1f},\"p90_us\":{:.1f},\"p99_us\":{:.1f},\"max_us\":{:.1f},"
      "\"sent_bytes_per_second\":{:.0f},\"answer_bytes_per_second\":{:.0f}}}\n",
      measured.requests, measured.seconds, n / measured.seconds, cpu / n * 1e6,
      cpu > 0 ? n / cpu : 0, micros(measured.latencies_ns, 0.5), micros(measured.latencies_ns, 0.9),
      micros(measured.latencies_ns, 0.99), micros(measured.latencies_ns, 1),
      n * static_cast<double>(sent_bytes) / measured.seconds,
      static_cast<double>(measured.answer_bytes) / measured.seconds);
}

Result<void> measure(Options options) {
  if (options.body_bytes > 0) options.plan.body = noise(options.body_bytes);
  if (!options.body_file.empty()) {
    std::ifstream file(options.body_file, std::ios::binary);
    options.plan.body.assign(std::istreambuf_iterator<char>(file), {});
    if (!file) return fail(ErrorKind::not_found, "--body-file cannot be read");
  }
  const bool bare = options.bare_answer_bytes >= 0 || options.echo_answer_bytes >= 0;
  if (!bare) {
    TRY(aim(options));
  } else {
    options.plan.host = "127.0.0.1:45666";
  }
  const auto clock = runtime::make_system_clock();
  TRY(options.load.heads, signed_heads(options.plan, credentials(), clock->now()));
  options.load.body = std::move(options.plan.body);
  const uint64_t body_bytes = options.load.body.size();
  std::optional<Peer> peer;
  if (options.bare_answer_bytes >= 0) {
    TRY(Peer started, Peer::start(options.load.heads.front().size() + body_bytes,
                                  static_cast<uint64_t>(options.bare_answer_bytes)));
    options.load.port = started.port();
    options.load.server = started.pid();
    peer.emplace(std::move(started));
  }
  std::optional<Echo> echo;
  if (options.echo_answer_bytes >= 0) {
    TRY(Echo started, Echo::start(static_cast<uint64_t>(options.echo_answer_bytes)));
    options.load.port = started.port();
    options.load.server = started.pid();
    echo.emplace(std::move(started));
  }
  TRY(Measured measured, run(options.load));
  for (const auto& [status, count] : measured.failures) {
    return fail(ErrorKind::internal, fmt::format("{} answers of status {}, first: {}", count,
                                                 status, measured.first_failure));
  }
  print(std::move(measured), body_bytes);
  return {};
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Puts signed requests on a server and prints what it reached, as JSON"};
  app.add_option("--url", options.url, "http://host:port on the loopback interface");
  app.add_option("--bare-answer", options.bare_answer_bytes,
                 "Measure the bare loopback exchange instead, with answers of so many bytes");
  app.add_option("--echo-answer", options.echo_answer_bytes,
                 "The same against our own HTTP server with nothing behind it");
  app.add_option("--digests", options.digest_bytes,
                 "Measure MD5 and the like over so many bytes, on one thread, instead");
  app.add_option("--service", options.plan.service, "Signing name; without it nothing is signed");
  app.add_option("--method", options.plan.method);
  app.add_option("--target", options.plan.target, "Path and query; {n} counts the variants");
  app.add_option("--variants", options.plan.variants);
  app.add_option("--header", options.plan.headers, "'Name: value', signed");
  app.add_option("--body", options.plan.body);
  app.add_option("--body-file", options.body_file, "A body of any bytes");
  app.add_option("--body-bytes", options.body_bytes, "A body of so many noise bytes");
  app.add_flag("--unsigned-payload", options.plan.unsigned_payload);
  app.add_option("--connections", options.load.connections)->check(CLI::Range(1, 1024));
  app.add_option("--seconds", options.load.seconds);
  app.add_option("--warm-up", options.load.warm_up_seconds, "Seconds, not measured");
  app.add_option("--requests", options.load.requests_max,
                 "Send exactly so many; the time is not looked at");
  app.add_option("--server", options.load.server, "Process id whose CPU time is measured");
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  if (options.digest_bytes > 0) {
    print_digest_speeds(noise(options.digest_bytes));
    return 0;
  }
  if (auto done = measure(std::move(options)); !done) {
    fmt::print(stderr, "millrace_load: {}\n", done.error().message);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) { return millrace::bench::main(argc, argv); }
