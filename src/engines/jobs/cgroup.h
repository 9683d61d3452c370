// Cgroups of one job: memory, processes and cores, in v2 or v1, wherever a group can be made. What
// cannot be held that way is told in Isolation, and the supervisor samples it instead.
//
// Used by the supervisor, in one thread; remove_cgroups() also by the platform.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engines/jobs/report.h"
#include "engines/jobs/spec.h"

namespace millrace::jobs {

// Where groups are made. Tests put a folder in the place of the kernel's.
struct CgroupTree {
  std::string mount = "/sys/fs/cgroup";
  std::string memberships = "/proc/self/cgroup";
};

// The name of a job's groups: it follows from the job's directory, so that groups are found whose
// supervisor died before it could write down that it had made them.
std::string cgroup_name(const std::string& job_directory);
// The directories of that name that are there, in every hierarchy.
std::vector<std::string> find_cgroups(const std::string& name, const CgroupTree& tree = {});

class Cgroups final {
 public:
  // Makes the groups named `name` below this process's own and sets the limits.
  Cgroups(const std::string& name, const Limits& limits, CgroupTree tree = {});
  Cgroups() = default;  // No group.

  // Moves a process in; its children follow. False: it is in none of them, and they are gone.
  bool add(int pid);
  void describe(Isolation& isolation) const;
  const std::vector<std::string>& directories() const { return directories_; }

  bool memory_killed() const;          // The kernel killed a process of the group for its memory.
  uint64_t memory_peak_bytes() const;  // 0 where it is not known.

 private:
  bool make_v2(const std::string& name, const Limits& limits);
  void make_v1(const std::string& name, const Limits& limits);

  CgroupTree tree_;
  std::vector<std::string> directories_;
  std::string memory_;  // The directory that holds the memory; empty: none.
  std::string memory_by_ = "none", processes_by_ = "none", cpu_by_ = "none";
};

// Kills what still is in these groups, and removes them.
void remove_cgroups(const std::vector<std::string>& directories);

}  // namespace millrace::jobs
