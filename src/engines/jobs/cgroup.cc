#include "engines/jobs/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cmath>

#include "base/bytes.h"
#include "base/hash.h"
#include "engines/jobs/process_info.h"

namespace millrace::jobs {
namespace {

constexpr size_t kNameDigits = 24;
constexpr uint64_t kPeriodUs = 100'000;

bool write_text(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t put = ::write(fd, text.data(), text.size());
  ::close(fd);
  return put == static_cast<ssize_t>(text.size());
}

// The number behind `name` in lines of `name number`; behind nothing where `name` is empty.
uint64_t number_in(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!name.empty() && !line.starts_with(fmt::format("{} ", name))) continue;
    const std::string_view digits = name.empty() ? line : line.substr(name.size() + 1);
    uint64_t out = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
  }
  return 0;
}

struct Membership {
  std::string controllers;  // "memory", "cpu,cpuacct"; empty for v2.
  std::string path;
};

std::vector<Membership> own_memberships(const CgroupTree& tree) {
  std::vector<Membership> out;
  const std::string all = read_small_file(tree.memberships);
  std::string_view text = all;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    out.push_back({std::string(line.substr(first + 1, second - first - 1)),
                   std::string(line.substr(second + 1))});
  }
  return out;
}

bool has_word(std::string_view list, std::string_view word, char separator) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(separator));
    if (item == word) return true;
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return false;
}

// The directory of the own group of `controller` in v1, as far as it can be seen from here.
std::string v1_base(const CgroupTree& tree, const std::vector<Membership>& memberships,
                    std::string_view controller) {
  for (const Membership& membership : memberships) {
    if (!has_word(membership.controllers, controller, ',')) continue;
    const std::string mount = fmt::format("{}/{}", tree.mount, membership.controllers);
    const std::string own = membership.path == "/" ? mount : mount + membership.path;
    return ::access(own.c_str(), W_OK) == 0 ? own : mount;
  }
  return {};
}

bool is_v2(const CgroupTree& tree) {
  return ::access((tree.mount + "/cgroup.controllers").c_str(), F_OK) == 0;
}

std::string v2_base(const CgroupTree& tree, const std::vector<Membership>& memberships) {
  std::string base = tree.mount;
  for (const Membership& membership : memberships) {
    if (membership.controllers.empty() && membership.path != "/") base += membership.path;
  }
  return base;
}

std::string make_group(const std::string& base, const std::string& name) {
  if (base.empty()) return {};
  std::string path = base + "/" + name;
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return {};
  return path;
}

}  // namespace

std::string cgroup_name(const std::string& job_directory) {
  return "millrace-" + to_hex(sha256(job_directory)).substr(0, kNameDigits);
}

std::vector<std::string> find_cgroups(const std::string& name, const CgroupTree& tree) {
  const std::vector<Membership> memberships = own_memberships(tree);
  std::vector<std::string> bases;
  if (is_v2(tree)) {
    bases.push_back(v2_base(tree, memberships));
  } else {
    for (const char* controller : {"memory", "pids", "cpu"}) {
      bases.push_back(v1_base(tree, memberships, controller));
    }
  }
  std::vector<std::string> out;
  for (const std::string& base : bases) {
    const std::string path = base + "/" + name;
    if (!base.empty() && ::access(path.c_str(), F_OK) == 0) out.push_back(path);
  }
  return out;
}

Cgroups::Cgroups(const std::string& name, const Limits& limits, CgroupTree tree)
    : tree_(std::move(tree)) {
  if (!make_v2(name, limits)) make_v1(name, limits);
}

bool Cgroups::make_v2(const std::string& name, const Limits& limits) {
  if (!is_v2(tree_)) return false;
  const std::string base = v2_base(tree_, own_memberships(tree_));
  write_text(base + "/cgroup.subtree_control", "+memory +pids +cpu");
  const std::string path = make_group(base, name);
  if (path.empty()) return true;
  // What the order above has come to.
  const std::string enabled = read_small_file(path + "/cgroup.controllers");
  std::string_view words(enabled);
  if (words.ends_with('\n')) words.remove_suffix(1);
  if (!has_word(words, "memory", ' ') || !has_word(words, "pids", ' ')) {
    ::rmdir(path.c_str());
    return true;
  }
  directories_.push_back(path);
  memory_ = path;
  if (limits.memory_bytes > 0) {
    if (write_text(path + "/memory.max", std::to_string(limits.memory_bytes))) {
      memory_by_ = "cgroup-v2";
    }
    write_text(path + "/memory.swap.max", "0");
    write_text(path + "/memory.oom.group", "1");
  }
  if (limits.processes > 0 && write_text(path + "/pids.max", std::to_string(limits.processes))) {
    processes_by_ = "cgroup-v2";
  }
  const auto quota = static_cast<uint64_t>(std::llround(limits.cpu_cores * kPeriodUs));
  if (quota > 0 && write_text(path + "/cpu.max", fmt::format("{} {}", quota, kPeriodUs))) {
    cpu_by_ = "cgroup-v2";
  }
  return true;
}

void Cgroups::make_v1(const std::string& name, const Limits& limits) {
  const std::vector<Membership> memberships = own_memberships(tree_);
  if (const std::string path = make_group(v1_base(tree_, memberships, "memory"), name);
      !path.empty()) {
    directories_.push_back(path);
    memory_ = path;
    const std::string limit = std::to_string(limits.memory_bytes);
    if (limits.memory_bytes > 0 && write_text(path + "/memory.limit_in_bytes", limit)) {
      memory_by_ = "cgroup-v1";
      write_text(path + "/memory.memsw.limit_in_bytes", limit);
    }
  }
  if (limits.processes > 0) {
    const std::string path = make_group(v1_base(tree_, memberships, "pids"), name);
    if (!path.empty()) {
      directories_.push_back(path);
      if (write_text(path + "/pids.max", std::to_string(limits.processes))) {
        processes_by_ = "cgroup-v1";
      }
    }
  }
  const auto quota = static_cast<uint64_t>(std::llround(limits.cpu_cores * kPeriodUs));
  if (quota == 0) return;
  const std::string path = make_group(v1_base(tree_, memberships, "cpu"), name);
  if (path.empty()) return;
  directories_.push_back(path);
  if (write_text(path + "/cpu.cfs_period_us", std::to_string(kPeriodUs)) &&
      write_text(path + "/cpu.cfs_quota_us", std::to_string(quota))) {
    cpu_by_ = "cgroup-v1";
  }
}

bool Cgroups::add(int pid) {
  bool all = true;
  for (const std::string& directory : directories_) {
    all = write_text(directory + "/cgroup.procs", std::to_string(pid)) && all;
  }
  if (all) return true;
  remove_cgroups(directories_);
  directories_.clear();
  memory_.clear();
  memory_by_ = processes_by_ = cpu_by_ = "none";
  return false;
}

void Cgroups::describe(Isolation& isolation) const {
  isolation.memory = memory_by_;
  isolation.processes = processes_by_;
  isolation.cpu = cpu_by_;
}

bool Cgroups::memory_killed() const {
  if (memory_.empty()) return false;
  const bool v2 = memory_by_ == "cgroup-v2";
  const std::string path = memory_ + (v2 ? "/memory.events" : "/memory.oom_control");
  return number_in(read_small_file(path), "oom_kill") > 0;
}

uint64_t Cgroups::memory_peak_bytes() const {
  if (memory_.empty()) return 0;
  const uint64_t v1 = number_in(read_small_file(memory_ + "/memory.max_usage_in_bytes"), "");
  return v1 > 0 ? v1 : number_in(read_small_file(memory_ + "/memory.peak"), "");
}

void remove_cgroups(const std::vector<std::string>& directories) {
  constexpr int kRoundsMax = 200;
  for (const std::string& directory : directories) {
    // A path from a file: only what this module makes is touched.
    if (!directory.starts_with("/sys/fs/cgroup/") ||
        directory.find("/millrace-") == std::string::npos) {
      continue;
    }
    for (int round = 0; round < kRoundsMax && ::rmdir(directory.c_str()) != 0; ++round) {
      if (errno != EBUSY) break;
      const std::string all = read_small_file(directory + "/cgroup.procs");
      std::string_view text = all;
      while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        int pid = 0;
        std::from_chars(line.data(), line.data() + line.size(), pid);
        if (pid > 1) ::kill(pid, SIGKILL);
      }
      // tidy: allow(calls) in the supervisor, at its end: the kernel reaps what was killed.
      ::usleep(1000);
    }
  }
}

}  // namespace millrace::jobs
