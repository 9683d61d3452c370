#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "app/endpoint_file.h"
#include "app/wiring.h"
#include "runtime/clock.h"
#include "runtime/log.h"

namespace millrace::app {
namespace {

constexpr int kExitFailed = 1;

int failed(const Error& error) {
  fmt::print(stderr, "millrace: {}\n", error.message);
  return kExitFailed;
}

// SIGINT and SIGTERM are waited for, not handled: they are blocked in every thread.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

}  // namespace

int serve(Config config, bool scratch) {
  if (!is_loopback(config.address) && !config.any_address) {
    return failed({ErrorKind::invalid, config.address +
                                           " is reachable from other machines, without TLS; say "
                                           "--allow-remote to serve there all the same"});
  }
  const sigset_t signals = block_signals();
  const auto clock = runtime::make_system_clock();
  const auto random = runtime::make_system_random();
  const auto disk = runtime::make_disk();
  const std::filesystem::path data = config.data;
  auto platform = Platform::open(
      std::move(config),
      {.clock = *clock, .random = *random, .disk = *disk, .faults = nullptr, .scratch = scratch});
  if (!platform) return failed(platform.error());
  if (auto started = (*platform)->start(); !started) return failed(started.error());
  const std::string url = (*platform)->url();
  if (auto written = write_endpoint(*disk, data, url); !written) return failed(written.error());
  fmt::print("Millrace is ready at {}\n", url);
  fmt::print("Use it from a shell: eval \"$(millrace env --data {})\"\n", data.string());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  runtime::log(runtime::LogLevel::info, "stopping", {{"signal", std::to_string(received)}});
  (*platform)->stop();
  return 0;
}

}  // namespace millrace::app
