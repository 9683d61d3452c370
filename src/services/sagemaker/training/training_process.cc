// What a training job's process says, and how it ends.
#include <fmt/format.h>

#include <cmath>
#include <regex>

#include "engines/metrics/limits.h"
#include "engines/ml/algorithms.h"
#include "services/sagemaker/documents.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {
namespace {

constexpr size_t kMetricLineMax = 4096;  // Longer lines are no metrics.
constexpr uint64_t kFailureFileMax = 64 * 1024;

Task<std::optional<TrainingJob>> find_job(Sagemaker& sm, std::string job_id) {
  const std::string tag = job_id.substr(kTrainingIdPrefix.size());
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<TrainingTag> found, txn.find(kTrainingTags, {tag}));
  if (!found) co_return std::optional<TrainingJob>();
  co_return txn.find(kTrainingJobs, {found->realm, found->name});
}

struct Sample {
  std::string_view name;
  MetricValue value;
};

// The metrics that these lines report.
std::vector<Sample> samples_of(const std::vector<jobs::LogLine>& lines, std::string_view image) {
  std::vector<Sample> out;
  const ml::Algorithm* const algorithm = ml::find_algorithm_of_image(image);
  if (algorithm == nullptr) return out;
  for (const ml::MetricDefinition& metric : algorithm->metrics) {
    const std::regex pattern{std::string(metric.regex)};
    for (const jobs::LogLine& line : lines) {
      std::smatch match;
      if (line.text.size() > kMetricLineMax || line.text.find('#') == std::string::npos) continue;
      if (!std::regex_search(line.text, match, pattern) || match.size() < 2) continue;
      out.push_back({metric.name, {std::strtod(match[1].str().c_str(), nullptr), line.time}});
    }
  }
  return out;
}

// AWS: one stream per host of the job.
Task<void> append_lines(Sagemaker& sm, TrainingJob job, std::vector<jobs::LogLine> lines) {
  std::vector<metrics::LogEvent> events;
  for (jobs::LogLine& line : lines) {
    events.push_back({.time = line.time, .text = std::move(line.text), .cursor = line.cursor});
  }
  CO_TRY(co_await sm.logs.append(job.realm, std::string(kTrainingLogGroup), log_stream_of(job),
                                 std::move(events), {.create = true}));
  co_return ok;
}

// AWS: the job shows the last value of each; all of them are in CloudWatch, by the job's name,
// where the SDK's analytics read them. Lines that are told twice, after a crash, count twice there.
Task<void> keep_metrics(Sagemaker& sm, TrainingJob job, std::vector<jobs::LogLine> lines) {
  Arena arena;
  wire::Call call(arena);
  CO_TRY(const CreateTrainingJobRequest in,
         read_document<CreateTrainingJobRequest>(call, job.document));
  const auto found = samples_of(lines, in.algorithm_specification().training_image());
  if (found.empty()) co_return ok;
  store::Txn txn = sm.db.begin();
  CO_TRY(TrainingJob current, txn.get(kTrainingJobs, job.key()));
  std::vector<metrics::Datum> data;
  for (const Sample& sample : found) {
    current.metrics.insert_or_assign(std::string(sample.name), sample.value);
    if (!std::isfinite(sample.value.value)) continue;
    metrics::Datum& datum = data.emplace_back();
    datum.space = kTrainingLogGroup;
    datum.name = sample.name;
    datum.dimensions = {{"TrainingJobName", job.name}};
    datum.time = sample.value.time;
    datum.value = sample.value.value;
  }
  txn.put(kTrainingJobs, current);
  CO_TRY(co_await txn.commit());
  for (size_t put = 0; put < data.size();) {
    const size_t end = std::min(put + metrics::kPutDataMax, data.size());
    std::vector<metrics::Datum> some(data.begin() + put, data.begin() + end);
    CO_TRY(co_await sm.series.put(job.realm, std::move(some)));
    put = end;
  }
  co_return ok;
}

// AWS: the reason is what the program wrote to output/failure, or else how it ended.
Task<std::string> failure_reason(Sagemaker& sm, TrainingJob job, jobs::JobEnd end) {
  const runtime::Path file = folder_of(sm, job) / "output" / "failure";
  const auto read = [&] { return runtime::read_file(sm.disk, file, kFailureFileMax); };
  const auto step = [&] { return sm.pool.run(read); };
  const Result<Bytes> text = co_await runtime::repeat<Bytes>(sm.clock, step);
  std::string reason = text && !text->empty() ? *text : std::string();
  if (reason.empty() && end.reason == jobs::EndReason::exited) {
    reason = fmt::format("AlgorithmError: exit code: {}", end.exit_code);
  }
  if (reason.empty()) reason = "AlgorithmError: " + end.detail;
  if (text && !text->empty() && end.reason == jobs::EndReason::exited) {
    reason += fmt::format(", exit code: {}", end.exit_code);
  }
  co_return reason.substr(0, kReasonMax);
}

}  // namespace

Task<void> take_training_lines(Sagemaker& sm, std::string job_id,
                               std::vector<jobs::LogLine> lines) {
  CO_TRY(const std::optional<TrainingJob> job, co_await find_job(sm, job_id));
  if (!job) co_return ok;
  CO_TRY(co_await append_lines(sm, *job, lines));
  co_return co_await keep_metrics(sm, *job, std::move(lines));
}

Task<void> take_training_end(Sagemaker& sm, jobs::JobEnd end) {
  CO_TRY(const std::optional<TrainingJob> job, co_await find_job(sm, end.id));
  if (!job || job->ended() || job->secondary == "Uploading") co_return ok;
  const bool stopped = end.reason == jobs::EndReason::stopped;
  const bool too_long = end.reason == jobs::EndReason::killed_wall;
  std::string reason;
  if (!end.succeeded() && !stopped && !too_long) {
    CO_TRY(reason, co_await failure_reason(sm, *job, end));
  }
  store::Txn txn = sm.db.begin();
  CO_TRY(TrainingJob current, txn.get(kTrainingJobs, job->key()));
  const Time now = sm.clock.now();
  // The end may be told before it is noted that the job was started.
  if (current.secondary == "Downloading") move_to(current, kInProgress, "Training", end.started);
  if (current.training_started == Time{}) current.training_started = end.started;
  current.training_ended = now;
  if (too_long) current.stop_reason = "MaxRuntimeExceeded";
  if (reason.empty()) {
    move_to(current, current.status, "Uploading", now);
  } else {
    current.failure_reason = std::move(reason);
    move_to(current, kTrainingFailed, "Failed", now);
  }
  put_training_job(txn, current, now);
  co_return co_await txn.commit();
}

}  // namespace millrace::sagemaker
