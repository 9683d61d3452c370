// What /proc tells about processes. Free of state; every call reads anew.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::jobs {

// The content of a small file (at most 1 MiB); empty where it cannot be read.
std::string read_small_file(const std::string& path);

struct ProcessInfo {
  int pid = 0;
  int parent = 0;
  int session = 0;
  char state = '?';
  uint64_t threads = 0;
  uint64_t start = 0;  // Ticks since boot; with the pid, the identity of a process.
  uint64_t resident_bytes = 0;
};

// False where there is no such process (a zombie is one).
bool read_process_info(int pid, ProcessInfo& info);

// Reads the line of /proc/<pid>/stat. False where it is malformed.
bool parse_process_stat(const std::string& line, ProcessInfo& info);

// All processes below `ancestor`, itself left out.
std::vector<ProcessInfo> descendants_of(int ancestor);

// Kills every descendant of the calling process. They are stopped first, so
// that none forks away.
void kill_descendants();

// Kills the processes of the session `session` that are not older than `start`.
void kill_session(int session, uint64_t start);

std::string boot_id();

}  // namespace millrace::jobs
