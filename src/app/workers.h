// Workers: what serving asks of others, answered by the job runner, the HTTP client, the object
// store and the metrics.
#pragma once

#include "engines/jobs/runner.h"
#include "engines/metrics/series.h"
#include "engines/objects/objects.h"
#include "engines/serving/world.h"
#include "runtime/pool.h"
#include "services/sagemaker/role_access.h"
#include "wire/http/client.h"

namespace millrace::app {

inline constexpr std::string_view kWorkerIdPrefix = "worker-";

// Workers are jobs that no queue holds back.
class WorkerJobs final : public serving::WorkerHost {
 public:
  WorkerJobs(jobs::JobRunner& jobs, runtime::Disk& disk, runtime::Pool& pool)
      : jobs_(jobs), disk_(disk), pool_(pool) {}
  Task<void> start(serving::Worker worker) override;
  Task<void> stop(std::string id) override;

 private:
  jobs::JobRunner& jobs_;
  runtime::Disk& disk_;
  runtime::Pool& pool_;
};

// HTTP over the worker's unix-domain socket.
class WorkerHttp final : public serving::WorkerExchange {
 public:
  explicit WorkerHttp(http::Client& client) : client_(client) {}
  Task<serving::Answer> send(runtime::Path socket, serving::Request request) override;

 private:
  http::Client& client_;
};

// Models are model.tar.gz in S3.
class ModelArchives final : public serving::ModelSource {
 public:
  ModelArchives(objects::Objects& objects, runtime::Disk& disk, runtime::Pool& pool,
                runtime::Clock& clock, sagemaker::RoleAccess& roles)
      : objects_(objects), disk_(disk), pool_(pool), clock_(clock), roles_(roles) {}
  // The reader is the ARN of the model's execution role.
  Task<void> fetch(Realm realm, std::string url, std::string reader, runtime::Path folder) override;

 private:
  objects::Objects& objects_;
  runtime::Disk& disk_;
  runtime::Pool& pool_;
  runtime::Clock& clock_;
  sagemaker::RoleAccess& roles_;
};

// AWS: AWS/SageMaker, by EndpointName and VariantName: Invocations, Invocation4XXErrors,
// Invocation5XXErrors (sums), ModelLatency and OverheadLatency in microseconds.
class InvocationMetrics final : public serving::InvocationMeter {
 public:
  InvocationMetrics(metrics::Series& series, runtime::Clock& clock)
      : series_(series), clock_(clock) {}
  void record(const Realm& realm, const serving::Invocation& invocation) override;

 private:
  metrics::Series& series_;
  runtime::Clock& clock_;
};

}  // namespace millrace::app
