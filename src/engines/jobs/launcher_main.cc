// The launcher that tests and the benchmark use: a supervisor, or one of the programs that only a
// test would write.
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "engines/jobs/launcher.h"

// The leak checker traces its process, which a job is refused.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

namespace {

// Touches memory until it is killed.
int eat_memory() {
  constexpr size_t kPiece = 4ul * 1024 * 1024;
  for (;;) {
    void* const piece =
        ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) return 9;
    std::memset(piece, 1, kPiece);
  }
}

// Forks until it may not, tells that, and waits to be ended with all its children.
int fork_all() {
  int forked = 0;
  for (;;) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      for (;;) ::pause();
    }
    if (pid < 0) break;
    ++forked;
  }
  std::printf("forked %d\n", forked);
  std::fflush(stdout);
  return 0;
}

int write_bytes(long total, int byte) {
  char buffer[65536];
  std::memset(buffer, byte, sizeof(buffer));
  while (total > 0) {
    const size_t piece =
        static_cast<size_t>(total) < sizeof(buffer) ? static_cast<size_t>(total) : sizeof(buffer);
    const ssize_t put = ::write(1, buffer, piece);
    if (put <= 0) return 1;
    total -= put;
  }
  return 0;
}

// Writes the time in ns, as soon as it runs.
int write_stamp(const char* path) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const char* const root = std::getenv(millrace::jobs::kRootVariable);
  char place[4096];
  std::snprintf(place, sizeof(place), "%s%s", root != nullptr ? root : "", path);
  std::FILE* const file = std::fopen(place, "w");
  if (file == nullptr) return 1;
  std::fprintf(file, "%lld%09ld\n", static_cast<long long>(now.tv_sec), now.tv_nsec);
  return std::fclose(file);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "launch-job" && argc == 3) return millrace::jobs::launch_main(std::stoi(argv[2]));
  if (command == "eat-memory") return eat_memory();
  if (command == "fork-all") return fork_all();
  if (command == "write-bytes" && argc == 4) return write_bytes(std::stol(argv[2]), argv[3][0]);
  if (command == "stamp" && argc == 3) return write_stamp(argv[2]);
  std::fprintf(stderr, "unknown command\n");
  return 2;
}
