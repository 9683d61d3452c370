// The supervisor of one job: a process of its own, single-threaded, which makes the sandbox, runs
// the program, drains its output into the job's log, holds its limits and writes how it ended. It
// needs nothing of the platform, which may die and come back meanwhile.
//
//   platform ── supervisor ── init (pid 1 of the job) ── the program ── …
//
// When the supervisor dies, however, the kernel kills init and with it the job.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::jobs {

// The names in a job's directory; see docs/formats/job-directory.md.
inline constexpr const char* kSpecFile = "spec";
inline constexpr const char* kLockFile = "lock";        // flock()ed while the supervisor lives.
inline constexpr const char* kProcessFile = "process";  // Not empty: the program may have run.
inline constexpr const char* kLogFile = "log";
inline constexpr const char* kStatusFile = "status";  // There: the job has ended.
inline constexpr const char* kRootDirectory = "root";
inline constexpr const char* kTemporaryDirectory = "tmp";

// The variable that carries the prefix of the job's paths.
inline constexpr const char* kRootVariable = "MILLRACE_JOB_ROOT";

// Becomes the supervisor of the job in the directory that descriptor `directory_fd` names, whose
// lock is held by descriptor `directory_fd + 1`. Answers the exit code of the process: 0 when the
// status has been written. For main() of the launcher program, in a process with one thread.
int launch_main(int directory_fd);

// A supervisor that was started, as the platform holds it.
struct SupervisorProcess {
  int pid = 0;
  int pidfd = -1;  // Readable when it has ended. The caller closes it.
};

// Starts the supervisor of the job in `directory`, with the program `launcher` and one more
// argument. Blocks for the time of a vfork. Safe in a process with many threads.
// Errors: already_exists (a supervisor holds the lock), not_found, denied, internal.
Result<SupervisorProcess> spawn_supervisor(const std::vector<std::string>& launcher,
                                           const runtime::Path& directory);

}  // namespace millrace::jobs
