// JobEvents: what the job runner tells, passed on to whom the job belongs to, by the prefix of its
// id: training jobs to SageMaker, workers to serving and their lines to the endpoint's log group.
#pragma once

#include <map>

#include "engines/jobs/runner.h"
#include "engines/metrics/logs.h"
#include "engines/serving/fleets.h"
#include "runtime/locked.h"
#include "services/sagemaker/sagemaker.h"

namespace millrace::app {

class JobEvents final : public jobs::JobObserver {
 public:
  // The runner is made before those it serves, so they are named afterwards, once, before open().
  void connect(sagemaker::Sagemaker& sagemaker, serving::Fleets& fleets, metrics::Logs& logs);

  Task<void> lines(std::string id, std::vector<jobs::LogLine> lines) override;
  Task<void> ended(jobs::JobEnd end) override;

 private:
  Task<void> worker_lines(std::string id, std::vector<jobs::LogLine> lines);

  sagemaker::Sagemaker* sagemaker_ = nullptr;
  serving::Fleets* fleets_ = nullptr;
  metrics::Logs* logs_ = nullptr;
  // The last line of each worker: the cause that its end is reported with.
  runtime::Locked<std::map<std::string, std::string>> last_lines_;
};

}  // namespace millrace::app
