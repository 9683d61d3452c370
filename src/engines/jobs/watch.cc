#include "engines/jobs/watch.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>

#include "engines/jobs/process_info.h"

namespace millrace::jobs {
namespace {

using boost::asio::posix::stream_descriptor;

std::unexpected<Error> failed(std::string_view call, std::string_view what) {
  const int code = errno;
  const ErrorKind kind = code == ENOENT || code == ESRCH                      ? ErrorKind::not_found
                         : code == ENOSPC || code == EMFILE || code == ENFILE ? ErrorKind::exhausted
                                                                              : ErrorKind::internal;
  return fail(kind, fmt::format("{} {}: {}", call, what, std::strerror(code)));
}

}  // namespace

struct DirectoryWatch::State {
  State(runtime::Loop& loop, Changed c) : descriptor(loop.context()), changed(std::move(c)) {}
  stream_descriptor descriptor;
  Changed changed;  // Empty once the watch is gone.

  void read_events() {
    alignas(inotify_event) char buffer[16384];
    for (;;) {
      const ssize_t got = ::read(descriptor.native_handle(), buffer, sizeof(buffer));
      if (got <= 0) return;
      for (ssize_t at = 0; at < got;) {
        inotify_event event;
        std::memcpy(&event, buffer + at, sizeof(event));
        at += static_cast<ssize_t>(sizeof(event) + event.len);
        if (changed) changed((event.mask & IN_Q_OVERFLOW) != 0 ? -1 : event.wd);
      }
    }
  }

  static void wait(std::shared_ptr<State> self) {
    auto& descriptor = self->descriptor;
    descriptor.async_wait(stream_descriptor::wait_read,
                          [self = std::move(self)](const boost::system::error_code& code) {
                            if (code || !self->changed) return;
                            self->read_events();
                            if (self->changed) wait(self);
                          });
  }
};

DirectoryWatch::DirectoryWatch(runtime::Loop& loop, Changed changed)
    : state_(std::make_shared<State>(loop, std::move(changed))) {}

DirectoryWatch::~DirectoryWatch() { close(); }

void DirectoryWatch::close() {
  state_->changed = nullptr;
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
}

Result<void> DirectoryWatch::open() {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return failed("inotify", "");
  state_->descriptor.assign(fd);
  State::wait(state_);
  return {};
}

Result<int> DirectoryWatch::add(const std::string& directory) {
  const int watch = ::inotify_add_watch(state_->descriptor.native_handle(), directory.c_str(),
                                        IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR);
  if (watch < 0) return failed("inotify", directory);
  return watch;
}

void DirectoryWatch::remove(int watch) {
  ::inotify_rm_watch(state_->descriptor.native_handle(), watch);
}

struct ProcessWatch::State {
  State(runtime::Loop& loop, std::function<void()> e)
      : descriptor(loop.context()), ended(std::move(e)) {}
  stream_descriptor descriptor;
  std::function<void()> ended;  // Empty once it was called, or the watch is gone.
};

ProcessWatch::ProcessWatch(runtime::Loop& loop, int pidfd, std::function<void()> ended)
    : state_(std::make_shared<State>(loop, std::move(ended))) {
  state_->descriptor.assign(pidfd);
  state_->descriptor.async_wait(
      stream_descriptor::wait_read, [state = state_](const boost::system::error_code& code) {
        if (code || !state->ended) return;
        siginfo_t info;
        ::waitid(P_PIDFD, static_cast<id_t>(state->descriptor.native_handle()), &info,
                 WEXITED | WNOHANG);
        boost::system::error_code ignored;
        state->descriptor.close(ignored);
        const auto call = std::exchange(state->ended, nullptr);
        call();
      });
}

ProcessWatch::~ProcessWatch() {
  state_->ended = nullptr;
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
}

bool ProcessWatch::terminate() {
  return ::syscall(SYS_pidfd_send_signal, state_->descriptor.native_handle(), SIGTERM, nullptr,
                   0) == 0;
}

Result<int> open_process(int pid, uint64_t start) {
  const int pidfd = pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1;
  if (pidfd < 0) return fail(ErrorKind::not_found, "there is no such process");
  // The start is read behind the opening: what has the number now is what was opened.
  ProcessInfo info;
  if (read_process_info(pid, info) && info.start == start && info.state != 'Z') return pidfd;
  ::close(pidfd);
  return fail(ErrorKind::not_found, "there is no such process");
}

}  // namespace millrace::jobs
