// How long a job takes: from the platform's call to the program's first instruction, and to its
// written end. Usage: engines_jobs_bench [rounds]. Prints the best and the median of the rounds.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engines/jobs/launcher.h"
#include "engines/jobs/report.h"
#include "engines/jobs/spec.h"

namespace millrace::jobs {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

struct Round {
  double to_program_ms = 0, to_end_ms = 0;
};

// The program writes the time of its first instruction into a file that it shares with this one.
Round measure(const fs::path& root, const JobSpec& shape, int number) {
  JobSpec spec = shape;
  spec.id = fmt::format("j{}", number);
  const fs::path job = root / spec.id;
  fs::create_directories(job / kRootDirectory);
  fs::create_directories(job / kTemporaryDirectory);
  std::ofstream(job / kSpecFile) << encode(spec);
  const auto begin = Clock::now();
  const auto spawned = spawn_supervisor({JOBS_LAUNCHER, "launch-job"}, job);
  if (!spawned) std::abort();
  Round round;
  ::waitpid(spawned->pid, nullptr, 0);
  round.to_end_ms = milliseconds_since(begin);
  ::close(spawned->pidfd);
  std::ifstream in(job / kStatusFile);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto end = parse_end(text);
  if (!end || !end->succeeded()) {
    fmt::print("{}\n", text);
    std::exit(1);
  }
  std::ifstream stamp(root / "stamp");
  double program_ns = 0;
  stamp >> program_ns;
  const double begin_ns =
      std::chrono::duration<double, std::nano>(begin.time_since_epoch()).count();
  round.to_program_ms = (program_ns - begin_ns) / 1e6;
  fs::remove_all(job);
  return round;
}

void report(std::string_view name, std::vector<Round> rounds) {
  const auto show = [&](std::string_view what, auto member) {
    std::ranges::sort(rounds, {}, member);
    fmt::print("{:<34} {:<12} best {:7.2f} ms   median {:7.2f} ms\n", name, what,
               rounds.front().*member, rounds[rounds.size() / 2].*member);
  };
  show("to program", &Round::to_program_ms);
  show("to end", &Round::to_end_ms);
}

void run(int rounds) {
  std::string name = (fs::temp_directory_path() / "jobs-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  struct Shape {
    const char* name;
    Sandbox sandbox;
    bool cgroups;
  };
  const Shape shapes[] = {{"namespaces, cgroups", Sandbox::namespaces, true},
                          {"namespaces", Sandbox::namespaces, false},
                          {"private tree, cgroups", Sandbox::private_tree, true},
                          {"private tree", Sandbox::private_tree, false}};
  for (const Shape& shape : shapes) {
    JobSpec spec;
    spec.program = {"/proc/self/exe", "stamp", "/s/stamp"};
    spec.mounts = {{name, "/s", false}};
    spec.sandbox = shape.sandbox;
    spec.cgroups = shape.cgroups;
    spec.limits.memory_bytes = shape.cgroups ? 1ull << 30 : 0;
    spec.limits.processes = shape.cgroups ? 100 : 0;
    std::vector<Round> out;
    for (int i = 0; i < rounds; ++i) out.push_back(measure(name, spec, i));
    report(shape.name, std::move(out));
  }
  fs::remove_all(name);
}

}  // namespace
}  // namespace millrace::jobs

int main(int argc, char** argv) {
  millrace::jobs::run(argc > 1 ? std::max(1, std::stoi(argv[1])) : 100);
  return 0;
}
