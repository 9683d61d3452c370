// JobSpec: a program to run, and everything the job runner needs to know about it. Training,
// processing and the workers of endpoints are all such programs.
//
// A plain value. validate() holds the limits (kSpecLimits); encode() and parse_spec() are the form
// it has on disk (docs/formats/job-directory.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::jobs {

// A directory or file of the host, made visible to the program.
struct Mount {
  std::string host;    // Absolute; exists when the job starts.
  std::string inside;  // Absolute, normalised: /opt/ml/input/data/train
  bool read_only = false;
  bool operator==(const Mount&) const = default;
};

// Zero means no limit, but for what the platform itself is subject to. Limits are only lowered.
struct Limits {
  milliseconds wall{0};       // From the program's start; then SIGTERM, grace, SIGKILL.
  uint64_t memory_bytes = 0;  // All processes of the job together.
  double cpu_cores = 0;       // Needs a writable cpu cgroup; otherwise not enforced.
  uint64_t open_files = 4096;
  uint64_t processes = 1024;                      // Processes and threads together.
  uint64_t output_bytes = 1024ull * 1024 * 1024;  // Of both streams; what follows is dropped.
  bool operator==(const Limits&) const = default;
};

enum class Sandbox : uint8_t {
  automatic,     // Namespaces where the kernel allows them, otherwise the private tree.
  namespaces,    // Namespaces, or the launch fails.
  private_tree,  // No namespaces: rlimits and a private directory tree.
};

struct JobSpec {
  // A stable name derived from the caller's row: 1-200 of A-Z a-z 0-9 - _ . and no leading dot.
  // Starting the same id again finds the job that is there.
  std::string id;
  // argv. A program[0] without '/' is searched in the environment's PATH; "/proc/self/exe" is the
  // platform's own binary (its file and ../lib/millrace beside it become visible to the job).
  std::vector<std::string> program;
  // The whole environment, but for PATH, HOME, TMPDIR (set where absent) and MILLRACE_JOB_ROOT,
  // which is the prefix of every path below: empty in namespaces; in a private tree the directory
  // under which the mounts are found ("$MILLRACE_JOB_ROOT/opt/ml").
  std::vector<std::pair<std::string, std::string>> environment;
  std::string working_directory = "/";  // Inside; in a private tree below MILLRACE_JOB_ROOT.
  std::vector<Mount> mounts;            // In this order; a later one may lie inside an earlier one.
  Limits limits;
  bool network = true;               // The host's network; false: a loopback of its own.
  std::string hostname = "algo-1";   // In namespaces only.
  milliseconds stop_grace{120'000};  // From SIGTERM to SIGKILL. AWS: 120 s for training jobs.
  Sandbox sandbox = Sandbox::automatic;
  bool cgroups = true;      // False: memory and processes are held by sampling them.
  bool skip_queue = false;  // Not counted in RunnerOptions::running_max: workers of endpoints.
  bool operator==(const JobSpec&) const = default;
};

inline constexpr size_t kSpecArgumentsMax = 4096;
inline constexpr size_t kSpecEnvironmentMax = 4096;
inline constexpr size_t kSpecMountsMax = 256;
inline constexpr size_t kSpecTextMax = 128 * 1024;  // Of one argument or variable: the kernel's.
inline constexpr size_t kSpecBytesMax = 4 * 1024 * 1024;  // Encoded.

// Three quarters of the machine's memory: what a job may use where nobody sets its limit.
uint64_t usual_memory_bytes();

// Errors: invalid, with the member's name.
Result<void> validate(const JobSpec& spec);

std::string encode(const JobSpec& spec);
// Reads what encode() wrote, and validates it. Errors: invalid.
Result<JobSpec> parse_spec(std::string_view text);

}  // namespace millrace::jobs
