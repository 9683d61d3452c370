#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/hash.h"
#include "engines/jobs/launcher.h"
#include "engines/jobs/process_info.h"
#include "engines/jobs/supervisor.h"
#include "runtime/machine_time.h"

namespace millrace::jobs {
namespace {

constexpr int kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;

std::unexpected<Error> failed(std::string_view call, std::string_view what) {
  const int code = errno;
  return fail(ErrorKind::internal, fmt::format("{} {}: {}", call, what, std::strerror(code)));
}

Result<void> write_proc(int pid, const char* name, const std::string& text) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return failed("open", path);
  const ssize_t put = ::write(fd, text.data(), text.size());
  const int code = errno;
  ::close(fd);
  errno = code;
  if (put != static_cast<ssize_t>(text.size())) return failed("write", path);
  return {};
}

std::string read_link(const char* path) {
  char buffer[4096];
  const ssize_t got = ::readlink(path, buffer, sizeof(buffer));
  return got > 0 ? std::string(buffer, static_cast<size_t>(got)) : std::string();
}

}  // namespace

int launch_main(int directory_fd) {
  const int lock_fd = directory_fd + 1;
  ::close_range(static_cast<unsigned>(lock_fd) + 1, ~0u, 0);
  ::fcntl(directory_fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(lock_fd, F_SETFD, FD_CLOEXEC);
  struct stat st{};
  const std::string directory = read_link(fmt::format("/proc/self/fd/{}", directory_fd).c_str());
  if (::fstat(directory_fd, &st) != 0 || !S_ISDIR(st.st_mode) || directory.empty()) {
    std::fprintf(stderr, "the job's directory is not there\n");
    return 2;
  }
  ::prctl(PR_SET_NAME, "job-supervisor");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  return Supervisor(directory_fd, lock_fd, directory).run();
}

// The lock names its holder, so that a platform that comes later finds it.
Result<void> Supervisor::write_lock() {
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) return failed("lock", plan_.job_directory);
  ProcessInfo self;
  if (!read_process_info(::getpid(), self)) return failed("read", "/proc/self/stat");
  record_.supervisor_pid = self.pid;
  record_.supervisor_start = self.start;
  record_.boot_id = boot_id();
  const std::string text = fmt::format("{} {}\n", self.pid, self.start);
  if (::ftruncate(lock_fd_, 0) != 0 ||
      ::pwrite(lock_fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return failed("write", kLockFile);
  }
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGTERM);
  signals_ = ::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) return failed("signalfd", "");
  return {};
}

Result<void> Supervisor::read_spec() {
  plan_.own_binary = read_link("/proc/self/exe");
  // A binary that was replaced while the platform runs: the new one has its place.
  constexpr std::string_view kDeleted = " (deleted)";
  if (plan_.own_binary.ends_with(kDeleted)) {
    plan_.own_binary.resize(plan_.own_binary.size() - kDeleted.size());
  }
  const std::string path = plan_.job_directory + "/" + kSpecFile;
  std::string text;
  const int fd = ::openat(directory_fd_, kSpecFile, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("open", path);
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || text.size() > kSpecBytesMax) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  ::close(fd);
  TRY(plan_.spec, parse_spec(text));
  return {};
}

Result<void> Supervisor::open_log() {
  log_fd_ = ::openat(directory_fd_, kLogFile, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (log_fd_ < 0) return failed("open", kLogFile);
  log_.emplace(log_fd_, plan_.spec.limits.output_bytes);
  return {};
}

Supervisor::Launch Supervisor::launch(bool namespaces) {
  const Launch launched = set_up(namespaces);
  if (launched == Launch::running) return launched;
  discard_init();
  if (cgroups_) remove_cgroups(cgroups_->directories());
  cgroups_.reset();
  return launched;
}

Supervisor::Launch Supervisor::set_up(bool namespaces) {
  const Launch refused = namespaces ? Launch::no_namespaces : Launch::failed;
  if (auto cloned = clone_init(namespaces); !cloned) {
    end_.detail = cloned.error().message;
    return refused;
  }
  const Limits& limits = plan_.spec.limits;
  const std::string name = cgroup_name(plan_.job_directory);
  cgroups_ = plan_.spec.cgroups ? Cgroups(name, limits) : Cgroups();
  cgroups_->add(record_.init_pid);
  Isolation& isolation = record_.isolation;
  isolation.namespaces = namespaces;
  isolation.own_network = namespaces && !plan_.spec.network;
  isolation.seccomp = true;
  cgroups_->describe(isolation);
  if (isolation.memory == "none" && limits.memory_bytes > 0) isolation.memory = "sampled";
  if (isolation.processes == "none" && limits.processes > 0) isolation.processes = "sampled";
  sampling_ = isolation.memory == "sampled" || isolation.processes == "sampled";
  send_message(channel_, InitMessage::set_up);
  // While init makes the tree, the record becomes durable: the program never runs without it.
  if (auto written = write_process(); !written) {
    end_.detail = written.error().message;
    return Launch::failed;
  }
  InitMessage kind{};
  std::string text;
  if (!receive_message(channel_, kind, text) || kind != InitMessage::ready) {
    end_.detail = text.empty() ? "the job's first process died" : text;
    return refused;
  }
  send_message(channel_, InitMessage::go);
  if (!await_start()) return Launch::failed;
  begun_ = next_sample_ = runtime::monotonic_now();
  if (limits.wall > milliseconds(0)) wall_at_ = begun_ + limits.wall;
  return Launch::running;
}

bool Supervisor::await_start() {
  InitMessage kind{};
  std::string text;
  while (receive_message(channel_, kind, text)) {
    if (kind == InitMessage::started) return true;
    if (kind == InitMessage::seccomp_missing) {
      record_.isolation.seccomp = false;
      continue;
    }
    end_.detail = text;
    return false;
  }
  end_.detail = "the job's first process died";
  return false;
}

Result<void> Supervisor::clone_init(bool namespaces) {
  int channel[2], out[2], err[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0 ||
      ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) {
    return failed("pipe", "");
  }
  const int network = plan_.spec.network ? 0 : CLONE_NEWNET;
  const unsigned long flags = SIGCHLD | (namespaces ? kNamespaces | network : 0);
  // fork(), with namespaces. There is one thread, so all of the library works in the child.
  const long pid = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) {
    for (const int fd : {directory_fd_, lock_fd_, signals_, log_fd_, channel[0], out[0], err[0]}) {
      ::close(fd);
    }
    run_init({plan_, namespaces, channel[1], out[1], err[1]});
  }
  const int code = errno;
  for (const int fd : {channel[1], out[1], err[1]}) ::close(fd);
  channel_ = channel[0];
  streams_ = {out[0], err[0]};
  for (const int stream : streams_) ::fcntl(stream, F_SETFL, O_NONBLOCK);
  errno = code;
  if (pid < 0) return failed("clone", namespaces ? "with namespaces" : "");
  record_.init_pid = static_cast<int>(pid);
  ProcessInfo info;
  if (read_process_info(record_.init_pid, info)) record_.init_start = info.start;
  return namespaces ? map_users(record_.init_pid) : Result<void>();
}

// The job's root is this process's user; there is no other.
Result<void> Supervisor::map_users(int pid) const {
  TRY(write_proc(pid, "setgroups", "deny"));
  TRY(write_proc(pid, "uid_map", fmt::format("0 {} 1", ::geteuid())));
  return write_proc(pid, "gid_map", fmt::format("0 {} 1", ::getegid()));
}

Result<void> Supervisor::write_process() {
  record_.started = runtime::machine_now();
  record_.cgroups = cgroups_->directories();
  const std::string text = encode(record_);
  const int fd =
      ::openat(directory_fd_, kProcessFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed("open", kProcessFile);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && ::fdatasync(fd) == 0;
  const int code = errno;
  ::close(fd);
  errno = code;
  if (!synced) return failed("write", kProcessFile);
  return {};
}

}  // namespace millrace::jobs
