// What is known of a job: how it is isolated, how it ended. Plain values, and their form on disk
// (docs/formats/job-directory.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::jobs {

enum class Stream : uint8_t { out = 1, err = 2, note = 3 };  // note: the platform's own words.

enum class EndReason : uint8_t {
  exited,            // By itself: exit_code, or signal when it killed itself or crashed.
  killed_wall,       // limits.wall passed.
  killed_memory,     // limits.memory_bytes reached.
  killed_processes,  // limits.processes reached, where only counting could hold it.
  stopped,           // JobRunner::stop(); exit_code or signal tell how it took it.
  vanished,          // Its supervisor died (machine stopped, or killed); how it ended is not known.
  launch_failed,     // The program never ran; `detail` says why.
};
std::string_view to_string(EndReason reason);

// How the job is held. Words, for people; the flags, for decisions.
struct Isolation {
  bool namespaces = false;   // user, mount, pid, ipc, uts: read-only system, own /proc, /tmp.
  bool own_network = false;  // A loopback of its own.
  bool seccomp = false;
  std::string memory = "none";     // cgroup-v2, cgroup-v1, sampled, none
  std::string processes = "none";  // cgroup-v2, cgroup-v1, sampled, none
  std::string cpu = "none";        // cgroup-v2, cgroup-v1, none
  std::string fallback_reason;     // Why there are no namespaces.
  bool operator==(const Isolation&) const = default;
};

struct JobEnd {
  std::string id;
  EndReason reason = EndReason::exited;
  int exit_code = -1;  // -1 where it did not exit.
  int signal = 0;      // The signal that ended it; 0 where it exited.
  std::string detail;  // One sentence for people; never empty but for a plain exit.
  Time started{};      // Of the program; zero where it never ran.
  Time ended{};
  double cpu_seconds = 0;          // User and system, of all its processes that were waited for.
  uint64_t memory_peak_bytes = 0;  // Of the whole job with a cgroup, else of its largest process.
  uint64_t output_bytes = 0;       // Written to the log.
  uint64_t dropped_bytes = 0;      // Beyond limits.output_bytes.
  Isolation isolation;
  bool succeeded() const { return reason == EndReason::exited && exit_code == 0; }
  bool operator==(const JobEnd&) const = default;
};

// What the supervisor writes before the program runs.
struct ProcessRecord {
  int supervisor_pid = 0;
  uint64_t supervisor_start = 0;  // Field 22 of /proc/<pid>/stat, in ticks since boot.
  int init_pid = 0;               // The parent of all the job's processes.
  uint64_t init_start = 0;
  std::string boot_id;
  std::vector<std::string> cgroups;  // Directories to remove.
  Time started{};
  Isolation isolation;
  bool operator==(const ProcessRecord&) const = default;
};

std::string encode(const JobEnd& end);
std::string encode(const ProcessRecord& record);
// Errors: invalid.
Result<JobEnd> parse_end(std::string_view text);
Result<ProcessRecord> parse_process(std::string_view text);

}  // namespace millrace::jobs
