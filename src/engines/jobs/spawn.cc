#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "engines/jobs/launcher.h"

namespace millrace::jobs {
namespace {

constexpr int kDirectoryFd = 3;  // In the supervisor; the lock is the next.
constexpr const char* kErrorsFile = "supervisor.err";

// A descriptor that closes itself.
class Owned final {
 public:
  explicit Owned(int fd) : fd_(fd) {}
  ~Owned() {
    if (fd_ >= 0) ::close(fd_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> failed(std::string_view call, std::string_view what, int code) {
  const ErrorKind kind = code == ENOENT                     ? ErrorKind::not_found
                         : code == EACCES || code == EPERM  ? ErrorKind::denied
                         : code == EMFILE || code == EAGAIN ? ErrorKind::exhausted
                                                            : ErrorKind::internal;
  return fail(kind, fmt::format("{} {}: {}", call, what, std::strerror(code)));
}

// Above the numbers that the supervisor gets, so that no dup2() covers another.
int open_high(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  const int high = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
  const int code = errno;
  ::close(fd);
  errno = code;
  return high;
}

struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

// A session of its own, all signals at their defaults and blocked (a stop that comes early waits),
// no descriptor but its two, and its complaints in a file.
int settle(SpawnSettings& settings, int directory_fd, int lock_fd, const std::string& errors) {
  sigset_t all;
  sigfillset(&all);
  auto* const attributes = &settings.attributes;
  auto* const actions = &settings.actions;
  int code = posix_spawnattr_setflags(
      attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  if (code == 0) code = posix_spawnattr_setsigmask(attributes, &all);
  if (code == 0) code = posix_spawnattr_setsigdefault(attributes, &all);
  if (code == 0) code = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (code == 0) {
    code = posix_spawn_file_actions_addopen(actions, 1, errors.c_str(),
                                            O_WRONLY | O_CREAT | O_TRUNC, 0600);
  }
  if (code == 0) code = posix_spawn_file_actions_adddup2(actions, 1, 2);
  if (code == 0) code = posix_spawn_file_actions_adddup2(actions, directory_fd, kDirectoryFd);
  if (code == 0) code = posix_spawn_file_actions_adddup2(actions, lock_fd, kDirectoryFd + 1);
  if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(actions, kDirectoryFd + 2);
  return code;
}

// The platform's environment may hold its keys; the supervisor gets what finds its libraries.
std::vector<std::string> supervisor_environment() {
  std::vector<std::string> out;
  for (const char* const name : {"PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS"}) {
    if (const char* const value = std::getenv(name))
      out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& string : strings) out.push_back(string.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<SupervisorProcess> spawn_supervisor(const std::vector<std::string>& launcher,
                                           const runtime::Path& directory) {
  const Owned directory_fd(open_high(directory.string(), O_RDONLY | O_DIRECTORY));
  if (directory_fd.get() < 0) return failed("open", directory.string(), errno);
  const Owned lock_fd(open_high((directory / kLockFile).string(), O_RDWR | O_CREAT));
  if (lock_fd.get() < 0) return failed("open", (directory / kLockFile).string(), errno);
  if (::flock(lock_fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", directory.string(), errno);
    return fail(ErrorKind::already_exists, "the job has a supervisor: " + directory.string());
  }
  SpawnSettings settings;
  int code =
      settle(settings, directory_fd.get(), lock_fd.get(), (directory / kErrorsFile).string());
  std::vector<std::string> arguments = launcher;
  arguments.push_back(std::to_string(kDirectoryFd));
  std::vector<std::string> variables = supervisor_environment();
  int pid = 0;
  if (code == 0) {
    code = ::posix_spawn(&pid, launcher[0].c_str(), &settings.actions, &settings.attributes,
                         pointers(arguments).data(), pointers(variables).data());
  }
  if (code != 0) return failed("start", launcher[0], code);
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    code = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return failed("pidfd_open", std::to_string(pid), code);
  }
  return SupervisorProcess{pid, pidfd};
}

}  // namespace millrace::jobs
