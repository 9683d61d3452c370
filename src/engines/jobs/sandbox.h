// The sandbox of one job: the tree of files that the program sees, and what it may not do. Called
// by the supervisor and by init, each of one thread; the platform never calls these.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engines/jobs/spec.h"

namespace millrace::jobs {

// Where the platform's own binary is found in a job's namespaces.
inline constexpr const char* kOwnBinaryInside = "/opt/millrace/bin/";
inline constexpr uint64_t kRootBytesMax = 64 * 1024 * 1024;            // Of the tree's own tmpfs.
inline constexpr uint64_t kSharedMemoryBytesMax = 1024 * 1024 * 1024;  // Of /dev/shm.

struct SandboxPlan {
  JobSpec spec;
  std::string job_directory;  // Absolute.
  std::string own_binary;     // What /proc/self/exe means.
};

// Makes the tree of a private mount namespace and enters it: the system's programs and libraries
// read-only, a small /etc, /dev, /proc of the own pid namespace, the mounts. The calling process
// is pid 1 of new user, mount and pid namespaces.
Result<void> enter_mount_tree(const SandboxPlan& plan);

// Makes <job directory>/root with a link for each mount. Errors: invalid (a mount's place is
// taken), not_found (a host's path), internal.
Result<void> make_private_tree(const SandboxPlan& plan);

// A mount's host path exists; the working directory can be. Errors: not_found.
Result<void> check_mounts(const JobSpec& spec);

// argv and environment as the program gets them.
std::vector<std::string> final_arguments(const SandboxPlan& plan, bool namespaces);
std::vector<std::string> final_environment(const SandboxPlan& plan, bool namespaces);
std::string final_working_directory(const SandboxPlan& plan, bool namespaces);

// Lowers the limits of the calling process. Errors: internal.
Result<void> set_rlimits(const Limits& limits);

// For good: no new privileges, no capabilities, no core dumps.
Result<void> drop_privileges();

// Refuses with EPERM what no job needs and the kernel offers: mounts, namespaces, modules, clocks,
// keys, bpf and the like; where the job shares the host's processes also ptrace.
// Errors: unsupported (a kernel without seccomp).
Result<void> install_seccomp(bool namespaces);

}  // namespace millrace::jobs
