// JobDirectories: the platform's side of the jobs' directories (docs/formats/job-directory.md).
// Every call blocks; callers run it on a pool. Thread-safe for different jobs. Errors: those of
// Disk, and invalid for a document that is damaged.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engines/jobs/report.h"
#include "engines/jobs/runner.h"
#include "engines/jobs/spec.h"
#include "runtime/disk.h"

namespace millrace::jobs {

// What the platform notes of a job: how far its observer has come.
struct Progress {
  uint64_t cursor = 0;  // In the log.
  bool reported = false;
  int64_t order = 0;  // Of the queue.
};

enum class Supervision : uint8_t {
  none,   // No supervisor has marked the job: it may be started.
  alive,  // `pidfd` is its supervisor.
  ended,  // There was one, and it is gone.
};

struct FoundJob {
  JobSpec spec;
  Progress progress;
  std::optional<JobEnd> end;
  Supervision supervision = Supervision::none;
  int pidfd = -1;  // The caller closes it.
};

struct LogBatch {
  std::vector<LogLine> lines;
  bool damaged = false;  // What follows the lines cannot be read.
};

class JobDirectories final {
 public:
  JobDirectories(runtime::Disk& disk, runtime::Path directory);

  // Makes the directory, and sweeps what was half made or half removed.
  Result<void> prepare();
  Result<std::vector<std::string>> list();
  Result<FoundJob> read(const std::string& id);

  // All or nothing, and durable.
  Result<void> create(const JobSpec& spec, const Progress& progress);
  Result<void> remove(const std::string& id);

  Result<std::optional<JobEnd>> read_end(const std::string& id);
  // How a job ended whose supervisor has not told it: writes that durably, and ends what is left
  // of the job.
  Result<JobEnd> conclude(const std::string& id, Time now);
  Result<void> write_end(const JobEnd& end);
  Result<Progress> read_progress(const std::string& id);
  Result<void> write_progress(const std::string& id, const Progress& progress);

  // Whole lines behind `cursor`, at most as many as the options say.
  Result<LogBatch> read_log(const std::string& id, uint64_t cursor, size_t lines_max,
                            size_t bytes_max);

  runtime::Path path(const std::string& id) const { return directory_ / id; }

 private:
  Result<Supervision> find_supervisor(const std::string& id, int& pidfd);
  Result<std::optional<ProcessRecord>> read_process(const std::string& id);

  runtime::Disk& disk_;
  runtime::Path directory_;
};

}  // namespace millrace::jobs
