#include "engines/jobs/init.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engines/jobs/process_info.h"

namespace millrace::jobs {
namespace {

// The kernel picks the job before the platform when memory is short.
constexpr std::string_view kOomScore = "500";
constexpr int kExecFailed = 127;

struct Reaped {
  bool program_ended = false;
  int status = 0;
  uint64_t cpu_us = 0;
  uint64_t peak_bytes = 0;
};

uint64_t to_us(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

// Reaps whatever has ended; with `wait`, until there is nobody left.
void reap(int program, bool wait, Reaped& out) {
  for (;;) {
    int status = 0;
    struct rusage usage{};
    const int pid = ::wait4(-1, &status, wait ? 0 : WNOHANG, &usage);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return;
    out.cpu_us += to_us(usage.ru_utime) + to_us(usage.ru_stime);
    out.peak_bytes = std::max(out.peak_bytes, static_cast<uint64_t>(usage.ru_maxrss) * 1024);
    if (pid != program) continue;
    out.program_ended = true;
    out.status = status;
  }
}

void kill_all(bool namespaces) {
  if (namespaces && ::getpid() == 1) {
    ::kill(-1, SIGKILL);  // All of this pid namespace but init.
  } else {
    kill_descendants();
  }
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& string : strings) out.push_back(string.data());
  out.push_back(nullptr);
  return out;
}

void raise_oom_score(int host_proc) {
  const int fd = ::openat(host_proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t put = ::write(fd, kOomScore.data(), kOomScore.size());
  ::close(fd);
}

std::string error_text(std::string_view call, std::string_view what) {
  return fmt::format("{} {}: {}", call, what, std::strerror(errno));
}

// The last steps before the program, in its process. Answers only what failed.
std::string become_program(const InitPlan& plan, int host_proc, int failures) {
  ::setpgid(0, 0);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return error_text("open", "/dev/null");
  if (::dup2(null, 0) < 0 || ::dup2(plan.out, 1) < 0 || ::dup2(plan.err, 2) < 0) {
    return error_text("dup2", "");
  }
  const std::string directory = final_working_directory(plan.sandbox, plan.namespaces);
  if (::chdir(directory.c_str()) != 0) return error_text("chdir", directory);
  raise_oom_score(host_proc);
  if (auto set = set_rlimits(plan.sandbox.spec.limits); !set) return set.error().message;
  if (auto dropped = drop_privileges(); !dropped) return dropped.error().message;
  if (auto installed = install_seccomp(plan.namespaces); !installed) {
    const std::string text = "W" + installed.error().message + "\n";
    [[maybe_unused]] const ssize_t put = ::write(failures, text.data(), text.size());
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<std::string> arguments = final_arguments(plan.sandbox, plan.namespaces);
  std::vector<std::string> variables = final_environment(plan.sandbox, plan.namespaces);
  std::vector<char*> argv = pointers(arguments);
  std::vector<char*> envp = pointers(variables);
  environ = envp.data();  // Its PATH is the one that counts.
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvp(argv[0], argv.data());
  return error_text("exec", arguments[0]);
}

// Starts the program and tells the supervisor how that went. Answers its pid, or -1.
int start_program(const InitPlan& plan, int host_proc) {
  int failures[2];
  if (::pipe2(failures, O_CLOEXEC) != 0) {
    send_message(plan.channel, InitMessage::start_failed, error_text("pipe", ""));
    return -1;
  }
  const int pid = ::fork();
  if (pid == 0) {
    const std::string why = "E" + become_program(plan, host_proc, failures[1]) + "\n";
    [[maybe_unused]] const ssize_t put = ::write(failures[1], why.data(), why.size());
    ::_exit(kExecFailed);
  }
  if (pid < 0) {
    send_message(plan.channel, InitMessage::start_failed, error_text("fork", ""));
    return -1;
  }
  ::close(failures[1]);
  ::close(plan.out);
  ::close(plan.err);
  std::string text;
  char buffer[1024];
  for (ssize_t got = 1; got > 0;) {
    got = ::read(failures[0], buffer, sizeof(buffer));
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
    if (got < 0 && errno == EINTR) got = 1;
  }
  ::close(failures[0]);
  bool failed = false;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    failed = line[0] == static_cast<char>(InitMessage::start_failed);
    send_message(plan.channel, static_cast<InitMessage>(line[0]), line.substr(1));
  }
  if (failed) return -1;
  send_message(plan.channel, InitMessage::started);
  return pid;
}

// Until the program has ended, or the supervisor asks for the end of all.
void watch(const InitPlan& plan, int program, int signals, Reaped& reaped) {
  while (!reaped.program_ended) {
    pollfd polled[2] = {{signals, POLLIN, 0}, {plan.channel, POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0 && errno != EINTR) break;
    if (polled[0].revents != 0) {
      signalfd_siginfo info;
      [[maybe_unused]] const ssize_t got = ::read(signals, &info, sizeof(info));
    }
    reap(program, false, reaped);
    if (polled[1].revents == 0 || reaped.program_ended) continue;
    InitMessage kind{};
    std::string text;
    if (!receive_message(plan.channel, kind, text) || kind == InitMessage::kill) break;
    if (kind == InitMessage::terminate) ::kill(program, SIGTERM);
  }
  kill_all(plan.namespaces);
  reap(program, true, reaped);
}

bool await(int channel, InitMessage wanted) {
  InitMessage kind{};
  std::string text;
  while (receive_message(channel, kind, text)) {
    if (kind == wanted) return true;
    if (kind == InitMessage::kill) return false;
  }
  return false;
}

}  // namespace

bool send_message(int channel, InitMessage kind, std::string_view text) {
  std::string message(1, static_cast<char>(kind));
  message += text.substr(0, kInitTextMax);
  return ::send(channel, message.data(), message.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(message.size());
}

bool receive_message(int channel, InitMessage& kind, std::string& text) {
  char buffer[kInitTextMax + 1];
  ssize_t got = 0;
  do {
    got = ::recv(channel, buffer, sizeof(buffer), 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  kind = static_cast<InitMessage>(buffer[0]);
  text.assign(buffer + 1, static_cast<size_t>(got - 1));
  return true;
}

void run_init(const InitPlan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Without a supervisor there is no job.
  ::prctl(PR_SET_NAME, "job-init");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::umask(022);
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const int signals = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0 || !await(plan.channel, InitMessage::set_up)) ::_exit(1);
  ::setsid();
  const int host_proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  const Result<void> made =
      plan.namespaces ? enter_mount_tree(plan.sandbox) : make_private_tree(plan.sandbox);
  if (!made) {
    send_message(plan.channel, InitMessage::set_up_failed, made.error().message);
    ::_exit(1);
  }
  send_message(plan.channel, InitMessage::ready);
  if (!await(plan.channel, InitMessage::go)) ::_exit(1);
  const int program = start_program(plan, host_proc);
  if (program < 0) ::_exit(1);
  ::close(host_proc);
  Reaped reaped;
  watch(plan, program, signals, reaped);
  send_message(plan.channel, InitMessage::ended,
               fmt::format("{} {} {}", reaped.status, reaped.cpu_us, reaped.peak_bytes));
  ::_exit(0);
}

}  // namespace millrace::jobs
