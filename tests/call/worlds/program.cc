#include "tests/call/worlds/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "runtime/disk.h"

namespace millrace::call_tests {
namespace {

constexpr uint64_t kLogBytesMax = 16 << 20;
constexpr size_t kLogShown = 600;
constexpr int kPollMs = 10;
constexpr int kStopPatienceMs = 20'000;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> out(more);
  for (char** entry = environ; *entry != nullptr; ++entry) out.emplace_back(*entry);
  return out;
}

// Between fork and exec: nothing but system calls.
[[noreturn]] void become(char* const* arguments, char* const* environment, int output, int log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

std::string end_of(const std::filesystem::path& log) {
  const auto disk = runtime::make_disk();
  const auto text = runtime::read_file(*disk, log, kLogBytesMax);
  if (!text) return "(no log)";
  return text->size() <= kLogShown ? *text : text->substr(text->size() - kLogShown);
}

}  // namespace

Result<std::unique_ptr<Program>> Program::start(Options options) {
  std::vector<std::string> arguments{options.path.string()};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment = environment_with(options.environment);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  if (::access(argv[0], X_OK) != 0) {
    return fail(ErrorKind::not_found, options.path.string() + " is no program");
  }
  const int log = ::open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int ends[2];
  if (log < 0 || ::pipe2(ends, O_CLOEXEC) != 0) {
    if (log >= 0) ::close(log);
    return fail(ErrorKind::internal, "no file descriptors for a program");
  }
  const pid_t process = ::fork();
  if (process == 0) become(argv.data(), envp.data(), ends[1], log);
  ::close(ends[1]);
  ::close(log);
  if (process < 0) {
    ::close(ends[0]);
    return fail(ErrorKind::exhausted, "fork failed");
  }
  std::unique_ptr<Program> program(new Program(process, ends[0]));
  TRY(program->await_ready(options));
  return program;
}

Result<void> Program::await_ready(const Options& options) {
  std::string text;
  const auto give_up = std::chrono::steady_clock::now() + options.patience;
  while (std::chrono::steady_clock::now() < give_up) {
    pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, kPollMs) <= 0) continue;
    char buffer[1024];
    const ssize_t got = ::read(output_, buffer, sizeof buffer);
    if (got <= 0) {
      kill();
      return fail(ErrorKind::internal,
                  "the program ended before it was ready: " + end_of(options.log));
    }
    text.append(buffer, static_cast<size_t>(got));
    const size_t begin = text.find(options.ready);
    const size_t end = begin == std::string::npos ? begin : text.find('\n', begin);
    if (end == std::string::npos) continue;
    announced_ = text.substr(begin + options.ready.size(), end - begin - options.ready.size());
    return {};
  }
  kill();
  return fail(ErrorKind::deadline, "the program does not become ready: " + end_of(options.log));
}

void Program::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

Program::~Program() {
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    // Its output ends with it.
    for (int waited = 0; waited < kStopPatienceMs; waited += kPollMs) {
      pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
      char buffer[1024];
      const bool ready = ::poll(&readable, 1, kPollMs) > 0;
      if (ready && ::read(output_, buffer, sizeof buffer) <= 0) break;
    }
    if (::waitpid(process_, nullptr, WNOHANG) == process_) process_ = -1;
    kill();
  }
  ::close(output_);
}

}  // namespace millrace::call_tests
