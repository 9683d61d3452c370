#include "engines/jobs/process_info.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <map>
#include <set>
#include <string_view>

namespace millrace::jobs {
namespace {

constexpr size_t kFileMax = 1024 * 1024;

std::vector<ProcessInfo> all_processes() {
  std::vector<ProcessInfo> out;
  DIR* const directory = ::opendir("/proc");
  if (directory == nullptr) return out;
  while (const dirent* entry = ::readdir(directory)) {
    int pid = 0;
    const std::string_view name = entry->d_name;
    const auto [stopped, code] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (code != std::errc() || stopped != name.data() + name.size()) continue;
    ProcessInfo info;
    if (read_process_info(pid, info)) out.push_back(info);
  }
  ::closedir(directory);
  return out;
}

}  // namespace

std::string read_small_file(const std::string& path) {
  std::string out;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  char buffer[4096];
  while (out.size() < kFileMax) {
    const ssize_t got = ::read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    out.append(buffer, static_cast<size_t>(got));
  }
  ::close(fd);
  return out;
}

bool parse_process_stat(const std::string& line, ProcessInfo& info) {
  // The name in parentheses may hold anything, also parentheses and spaces.
  const size_t open = line.find(" (");
  const size_t close = line.rfind(") ");
  if (open == std::string::npos || close == std::string::npos || close < open) return false;
  std::from_chars(line.data(), line.data() + open, info.pid);
  std::vector<std::string_view> words;
  std::string_view rest = std::string_view(line).substr(close + 2);
  while (!rest.empty() && words.size() < 64) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    words.push_back(word);
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  if (words.size() < 22 || words[0].empty()) return false;
  const auto number = [&](size_t field, auto& out) {
    const std::string_view word = words[field - 3];  // `state`, the first word, is field 3.
    return std::from_chars(word.data(), word.data() + word.size(), out).ec == std::errc();
  };
  info.state = words[0][0];
  uint64_t pages = 0;
  if (!number(4, info.parent) || !number(6, info.session) || !number(20, info.threads) ||
      !number(22, info.start) || !number(24, pages)) {
    return false;
  }
  info.resident_bytes = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return true;
}

bool read_process_info(int pid, ProcessInfo& info) {
  return parse_process_stat(read_small_file(fmt::format("/proc/{}/stat", pid)), info);
}

std::vector<ProcessInfo> descendants_of(int ancestor) {
  std::multimap<int, ProcessInfo> by_parent;
  for (const ProcessInfo& info : all_processes()) by_parent.emplace(info.parent, info);
  std::vector<ProcessInfo> out;
  std::vector<int> open = {ancestor};
  while (!open.empty()) {
    const int parent = open.back();
    open.pop_back();
    const auto [first, last] = by_parent.equal_range(parent);
    for (auto it = first; it != last; ++it) {
      out.push_back(it->second);
      open.push_back(it->second.pid);
    }
    by_parent.erase(first, last);
  }
  return out;
}

void kill_descendants() {
  std::set<int> stopped;
  for (bool grown = true; grown;) {
    grown = false;
    for (const ProcessInfo& info : descendants_of(::getpid())) {
      if (info.state == 'Z' || !stopped.insert(info.pid).second) continue;
      grown = ::kill(info.pid, SIGSTOP) == 0 || grown;
    }
  }
  for (const int pid : stopped) ::kill(pid, SIGKILL);
}

void kill_session(int session, uint64_t start) {
  std::set<int> stopped;
  for (bool grown = true; grown;) {
    grown = false;
    for (const ProcessInfo& info : all_processes()) {
      if (info.session != session || info.start < start || info.state == 'Z') continue;
      if (!stopped.insert(info.pid).second) continue;
      grown = ::kill(info.pid, SIGSTOP) == 0 || grown;
    }
  }
  for (const int pid : stopped) ::kill(pid, SIGKILL);
}

std::string boot_id() {
  std::string id = read_small_file("/proc/sys/kernel/random/boot_id");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

}  // namespace millrace::jobs
