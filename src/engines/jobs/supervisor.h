// Supervisor: what launch_main() is. One thread, one loop over poll(): the program's streams, its
// init, the platform's signals and the limits. All that outlives it is in the job's directory.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "engines/jobs/cgroup.h"
#include "engines/jobs/init.h"
#include "engines/jobs/log_file.h"
#include "engines/jobs/report.h"
#include "engines/jobs/spec.h"

namespace millrace::jobs {

// Appends the job's lines to its log, up to the spec's limit.
class LogSink final {
 public:
  LogSink(int fd, uint64_t bytes_max) : fd_(fd), bytes_max_(bytes_max) {}
  void feed(Stream stream, std::string_view bytes);
  void finish();  // Writes what has no end of line, and syncs.
  void note(std::string_view text);
  uint64_t written_bytes() const { return written_; }
  uint64_t dropped_bytes() const { return dropped_; }

 private:
  void line(Stream stream, std::string_view text);
  void flush();

  int fd_;
  uint64_t bytes_max_;
  uint64_t size_ = 0;  // Of the file.
  uint64_t written_ = 0, dropped_ = 0, pending_bytes_ = 0;
  bool limit_noted_ = false;
  std::string pending_;
  std::array<LineSplitter, 2> splitters_;
};

class Supervisor final {
 public:
  // Both descriptors belong to it. `directory` is the path of the first.
  Supervisor(int directory_fd, int lock_fd, std::string directory);
  int run();  // Answers the exit code of the process.

 private:
  using Instant = std::chrono::steady_clock::time_point;
  enum class Launch : uint8_t { running, failed, no_namespaces };

  Result<void> read_spec();
  Result<void> write_lock();
  Result<void> open_log();
  Launch launch(bool namespaces);
  Launch set_up(bool namespaces);
  Result<void> clone_init(bool namespaces);
  Result<void> map_users(int pid) const;
  Result<void> write_process();
  bool await_start();
  void supervise();
  void read_signal();
  void read_channel();
  void read_stream(size_t index);
  void check_limits(Instant now);
  void sample(Instant now);
  void begin_end(EndReason reason, bool at_once);
  int poll_timeout_ms(Instant now) const;
  void conclude();
  void describe_end();
  void write_status();
  void discard_init();

  int directory_fd_, lock_fd_;
  SandboxPlan plan_;
  JobEnd end_;
  ProcessRecord record_;
  std::optional<Cgroups> cgroups_;
  std::optional<LogSink> log_;
  int signals_ = -1, channel_ = -1, log_fd_ = -1;
  std::array<int, 2> streams_ = {-1, -1};  // Their reading ends.
  bool sampling_ = false, init_ended_ = false, reported_ = false;
  Instant begun_{}, next_sample_{};
  std::optional<Instant> wall_at_, kill_at_, force_at_;
};

}  // namespace millrace::jobs
