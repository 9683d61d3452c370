// JobRunner: runs programs as jobs, tells an observer what they write and how they end, and forgets
// none of them: what was started is in its directory before start() answers, goes on while the
// platform is down, and is adopted by open() of the next one.
//
// A supervisor process per job (launcher.h) holds its limits, keeps its log and writes how it
// ended; the runner only reads the job's directory, so a job of its own and an adopted one are the
// same. One runner per directory.
//
// Thread-safe: the tasks may be awaited on any loop; they do their work on the runner's loop and
// continue on the awaiter's. The observer is called on the runner's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engines/jobs/report.h"
#include "engines/jobs/spec.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/loop.h"
#include "runtime/pool.h"

namespace millrace::jobs {

struct LogLine {
  // The position behind this line in the job's log. It grows; whoever stores it with the line can
  // tell a line that it has seen before.
  uint64_t cursor = 0;
  Stream stream = Stream::out;
  Time time{};       // When the supervisor read it.
  std::string text;  // Valid UTF-8, without its end of line, at most kLogLineMax bytes.
};
inline constexpr size_t kLogLineMax = 256 * 1024;  // Longer lines are split.

// Whoever wants to know. For one job the calls come one after the other: lines in order, then
// ended(). At least once: what has been answered with ok is not told again, unless the platform
// died before it could note that. An error means "again": the same call follows after
// RunnerOptions::retry_delay. A slow observer slows nothing but its own job's reading; the job's
// output is kept in its log meanwhile.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual Task<void> lines(std::string id, std::vector<LogLine> lines) = 0;
  virtual Task<void> ended(JobEnd end) = 0;
};

enum class JobPhase : uint8_t { queued, running, ended };

struct JobStatus {
  std::string id;
  JobPhase phase = JobPhase::queued;
  bool stopping = false;
  bool reported = false;  // Ended, and the observer has taken that.
  JobEnd end;             // Where it has ended.
};

struct RunnerOptions {
  runtime::Path directory;  // Absolute, this runner's own; made when absent.
  // The program that becomes a supervisor: it calls launch_main() with its last argument, the
  // number of a descriptor. "/proc/self/exe" is this process's binary.
  std::vector<std::string> launcher = {"/proc/self/exe", "launch-job"};
  size_t running_max = 8;  // Further jobs wait in the order of their start.
  size_t jobs_max = 10'000;
  size_t batch_lines_max = 512;  // Told in one call.
  size_t batch_bytes_max = 1024 * 1024;
  milliseconds retry_delay{500};
};

class JobRunner final {
 public:
  // All of them outlive the runner. `pool` does the file work.
  struct World {
    runtime::Loop& loop;
    runtime::Pool& pool;
    runtime::Disk& disk;
    runtime::Clock& clock;
    JobObserver& observer;
  };
  JobRunner(RunnerOptions options, World world);
  ~JobRunner();  // After close().
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  // Adopts what the directory holds: follows what runs, reports what has ended and was not
  // reported, declares vanished what has no supervisor, queues what never started. Once, first.
  // Errors: those of Disk.
  Task<void> open();

  // Makes the job durable and starts it, or queues it. Repeating it with the same spec changes
  // nothing and is ok, also when the job has ended. A launch that fails is told by ended().
  // Errors: invalid (spec), conflict (the id is there with another spec), exhausted (jobs_max, no
  // space), those of Disk.
  Task<void> start(JobSpec spec);

  // SIGTERM, then SIGKILL after the spec's grace; a queued job ends at once. Answers when the job
  // has been told, not when it has ended. Ok for a job that has ended. Errors: not_found.
  Task<void> stop(std::string id);

  // Errors: not_found.
  Task<JobStatus> status(std::string id);
  Task<std::vector<JobStatus>> list();

  // Ends when the job has ended and the observer has taken that. Errors: not_found, deadline (the
  // runner is closing).
  Task<JobEnd> wait(std::string id);

  // Forgets an ended and reported job, with its directory. Ok where there is none.
  // Errors: conflict (it has not ended, or was not reported), those of Disk.
  Task<void> remove(std::string id);

  // Stops following. The jobs go on; another runner's open() takes them over. Before destruction.
  Task<void> close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::jobs
