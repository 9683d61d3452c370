// What a training job's process says, and how it ends.
#include <fmt/format.h>

#include <regex>

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

// The metrics that these lines report; the last value of each counts.
std::map<std::string, MetricValue> metrics_of(const std::vector<jobs::LogLine>& lines,
                                              std::string_view image) {
  std::map<std::string, MetricValue> out;
  const ml::Algorithm* const algorithm = ml::find_algorithm_of_image(image);
  if (algorithm == nullptr) return out;
  for (const ml::MetricDefinition& metric : algorithm->metrics) {
    const std::regex pattern{std::string(metric.regex)};
    for (const jobs::LogLine& line : lines) {
      std::smatch match;
      if (line.text.size() > kMetricLineMax || line.text.find('#') == std::string::npos) continue;
      if (!std::regex_search(line.text, match, pattern) || match.size() < 2) continue;
      out[std::string(metric.name)] = {std::strtod(match[1].str().c_str(), nullptr), line.time};
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

Task<void> keep_metrics(Sagemaker& sm, TrainingJob job, std::vector<jobs::LogLine> lines) {
  Arena arena;
  wire::Call call(arena);
  CO_TRY(const CreateTrainingJobRequest in,
         read_document<CreateTrainingJobRequest>(call, job.document));
  const auto found = metrics_of(lines, in.algorithm_specification().training_image());
  if (found.empty()) co_return ok;
  store::Txn txn = sm.db.begin();
  CO_TRY(TrainingJob current, txn.get(kTrainingJobs, job.key()));
  for (const auto& [name, value] : found) current.metrics.insert_or_assign(name, value);
  txn.put(kTrainingJobs, current);
  co_return co_await txn.commit();
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
