#include "engines/jobs/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engines/jobs/launcher.h"
#include "engines/jobs/process_info.h"
#include "runtime/machine_time.h"

namespace millrace::jobs {
namespace {

constexpr milliseconds kSampleInterval{25};
constexpr milliseconds kForceAfter{5000};  // From the order to kill, until init itself is killed.

std::string seconds_text(milliseconds duration) {
  return fmt::format("{:g} s", static_cast<double>(duration.count()) / 1000);
}

}  // namespace

Supervisor::Supervisor(int directory_fd, int lock_fd, std::string directory)
    : directory_fd_(directory_fd), lock_fd_(lock_fd) {
  plan_.job_directory = std::move(directory);
}

int Supervisor::run() {
  if (auto ready = write_lock(); !ready) {
    std::fprintf(stderr, "%s\n", ready.error().message.c_str());
    return 1;
  }
  Launch launched = Launch::failed;
  Result<void> read = read_spec();
  if (read) read = open_log();
  if (read) read = check_mounts(plan_.spec);
  if (!read) {
    end_.detail = read.error().message;
  } else {
    const Sandbox wanted = plan_.spec.sandbox;
    launched = launch(wanted != Sandbox::private_tree);
    if (launched == Launch::no_namespaces && wanted == Sandbox::automatic) {
      record_.isolation = {};
      record_.isolation.fallback_reason = std::exchange(end_.detail, {});
      launched = launch(false);
    }
  }
  if (launched == Launch::running) {
    supervise();
  } else {
    end_.reason = EndReason::launch_failed;
  }
  conclude();
  return 0;
}

// Waits for what happens, until init has ended, and reads what the streams still hold.
void Supervisor::supervise() {
  while (!init_ended_) {
    pollfd polled[4] = {{signals_, POLLIN, 0},
                        {channel_, POLLIN, 0},
                        {streams_[0], POLLIN, 0},
                        {streams_[1], POLLIN, 0}};
    const int ready = ::poll(polled, 4, poll_timeout_ms(runtime::monotonic_now()));
    if (ready < 0 && errno != EINTR) break;
    if (ready > 0) {
      if (polled[2].revents != 0) read_stream(0);
      if (polled[3].revents != 0) read_stream(1);
      if (polled[0].revents != 0) read_signal();
      if (polled[1].revents != 0) read_channel();
    }
    check_limits(runtime::monotonic_now());
  }
  if (!record_.isolation.namespaces) kill_descendants();  // Where init was killed.
  for (const size_t index : {size_t{0}, size_t{1}}) {
    if (streams_[index] < 0) continue;
    pollfd polled{streams_[index], POLLIN, 0};
    while (streams_[index] >= 0 && ::poll(&polled, 1, 0) > 0) read_stream(index);
  }
}

void Supervisor::read_signal() {
  signalfd_siginfo info;
  while (::read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (info.ssi_signo == SIGTERM) begin_end(EndReason::stopped, false);
  }
}

void Supervisor::read_channel() {
  InitMessage kind{};
  std::string text;
  if (!receive_message(channel_, kind, text)) {
    init_ended_ = true;
    return;
  }
  if (kind != InitMessage::ended) return;
  int status = 0;
  unsigned long long cpu_us = 0, peak = 0;
  if (std::sscanf(text.c_str(), "%d %llu %llu", &status, &cpu_us, &peak) != 3) return;
  reported_ = true;
  if (WIFEXITED(status)) end_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
  end_.cpu_seconds = static_cast<double>(cpu_us) / 1e6;
  end_.memory_peak_bytes = peak;
}

void Supervisor::read_stream(size_t index) {
  char buffer[64 * 1024];
  const ssize_t got = ::read(streams_[index], buffer, sizeof(buffer));
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got > 0) {
    log_->feed(index == 0 ? Stream::out : Stream::err,
               std::string_view(buffer, static_cast<size_t>(got)));
    return;
  }
  ::close(streams_[index]);
  streams_[index] = -1;  // poll() passes over it.
}

// The first reason to end the job is the one that is told.
void Supervisor::begin_end(EndReason reason, bool at_once) {
  if (end_.reason == EndReason::exited) end_.reason = reason;
  const Instant now = runtime::monotonic_now();
  if (at_once || plan_.spec.stop_grace == milliseconds(0)) {
    if (!force_at_) {
      send_message(channel_, InitMessage::kill);
      force_at_ = now + kForceAfter;
    }
  } else if (!kill_at_) {
    send_message(channel_, InitMessage::terminate);
    kill_at_ = now + plan_.spec.stop_grace;
  }
}

void Supervisor::check_limits(Instant now) {
  if (wall_at_ && now >= *wall_at_) {
    wall_at_.reset();
    begin_end(EndReason::killed_wall, false);
  }
  if (kill_at_ && now >= *kill_at_ && !force_at_) {
    send_message(channel_, InitMessage::kill);
    force_at_ = now + kForceAfter;
  }
  if (force_at_ && now >= *force_at_) {
    ::kill(record_.init_pid, SIGKILL);
    force_at_ = now + kForceAfter;
  }
  if (sampling_ && now >= next_sample_) sample(now);
}

void Supervisor::sample(Instant now) {
  next_sample_ = now + kSampleInterval;
  uint64_t resident = 0, threads = 0;
  for (const ProcessInfo& info : descendants_of(record_.init_pid)) {
    resident += info.resident_bytes;
    threads += info.threads;
  }
  const Limits& limits = plan_.spec.limits;
  if (record_.isolation.memory == "sampled" && resident > limits.memory_bytes) {
    begin_end(EndReason::killed_memory, true);
  }
  if (record_.isolation.processes == "sampled" && threads > limits.processes) {
    begin_end(EndReason::killed_processes, true);
  }
}

int Supervisor::poll_timeout_ms(Instant now) const {
  std::optional<Instant> next = sampling_ ? std::optional(next_sample_) : std::nullopt;
  for (const auto& at : {wall_at_, force_at_ ? force_at_ : kill_at_}) {
    if (at && (!next || *at < *next)) next = at;
  }
  if (!next) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*next - now).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 3'600'000));
}

void Supervisor::describe_end() {
  if (end_.reason == EndReason::exited && cgroups_->memory_killed() && !end_.succeeded()) {
    end_.reason = EndReason::killed_memory;
  }
  const Limits& limits = plan_.spec.limits;
  switch (end_.reason) {
    case EndReason::exited:
      if (!reported_) {
        end_.detail = "the job's first process was killed from outside";
        end_.signal = SIGKILL;
      } else if (end_.signal != 0) {
        end_.detail =
            fmt::format("killed by signal {} ({})", end_.signal, ::strsignal(end_.signal));
      } else if (end_.exit_code != 0) {
        end_.detail = fmt::format("exited with code {}", end_.exit_code);
      }
      break;
    case EndReason::killed_wall:
      end_.detail = fmt::format("ran longer than its limit of {}", seconds_text(limits.wall));
      break;
    case EndReason::killed_memory:
      end_.detail =
          fmt::format("used more than its limit of {} bytes of memory", limits.memory_bytes);
      break;
    case EndReason::killed_processes:
      end_.detail = fmt::format("had more than its limit of {} processes", limits.processes);
      break;
    case EndReason::stopped:
      end_.detail = "stopped on request";
      break;
    case EndReason::vanished:
    case EndReason::launch_failed:
      break;
  }
}

void Supervisor::conclude() {
  discard_init();
  if (log_) log_->finish();
  end_.id = plan_.spec.id;
  end_.started = end_.reason == EndReason::launch_failed ? Time{} : record_.started;
  end_.ended = runtime::machine_now();
  end_.isolation = record_.isolation;
  if (end_.reason != EndReason::launch_failed) describe_end();
  if (end_.detail.empty() && end_.reason == EndReason::launch_failed) {
    end_.detail = "the program could not be started";
  }
  if (log_) {
    end_.output_bytes = log_->written_bytes();
    end_.dropped_bytes = log_->dropped_bytes();
  }
  if (cgroups_) {
    end_.memory_peak_bytes = std::max(end_.memory_peak_bytes, cgroups_->memory_peak_bytes());
    remove_cgroups(cgroups_->directories());
  }
  write_status();
}

// With a full disk the job stays running, in the eyes of the platform, until there is room.
void Supervisor::write_status() {
  const std::string text = encode(end_);
  const std::string beside = std::string(kStatusFile) + ".new";
  // tidy: allow(calls) a supervisor is one thread with nothing else to do, and has no Clock.
  for (;; ::sleep(1)) {
    const int fd =
        ::openat(directory_fd_, beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOENT) return;  // The directory itself was removed.
    if (fd < 0) continue;
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const bool synced = written && ::fdatasync(fd) == 0;
    ::close(fd);
    if (synced && ::renameat(directory_fd_, beside.c_str(), directory_fd_, kStatusFile) == 0) break;
  }
  ::fsync(directory_fd_);
}

void Supervisor::discard_init() {
  if (channel_ >= 0) ::close(channel_);
  channel_ = -1;
  if (record_.init_pid > 0) {
    ::kill(record_.init_pid, SIGKILL);  // Not reaped yet, so the pid is still its own.
    while (::waitpid(record_.init_pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!record_.isolation.namespaces) kill_descendants();
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
  }
  record_.init_pid = 0;
  for (int& stream : streams_) {
    if (stream >= 0) ::close(stream);
    stream = -1;
  }
}

}  // namespace millrace::jobs
