#include <fmt/format.h>

#include "engines/ml/algorithms.h"
#include "services/sagemaker/documents.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {
namespace {

void write_transitions(const TrainingJob& job, const DescribeTrainingJobResponse& out) {
  const auto list = out.make_secondary_status_transitions();
  for (const Transition& transition : job.transitions) {
    const api::SecondaryStatusTransition item = list.append();
    item.set_status(transition.status);
    item.set_start_time(transition.start);
    if (transition.end != Time{}) item.set_end_time(transition.end);
    item.set_status_message(transition.message);
  }
}

void write_metrics(const TrainingJob& job, const DescribeTrainingJobResponse& out) {
  if (job.metrics.empty()) return;
  const auto list = out.make_final_metric_data_list();
  for (const auto& [name, metric] : job.metrics) {
    const api::MetricData item = list.append();
    item.set_metric_name(name);
    item.set_value(metric.value);
    item.set_timestamp(metric.time);
  }
}

void write_times(const TrainingJob& job, const DescribeTrainingJobResponse& out) {
  out.set_creation_time(job.created);
  out.set_last_modified_time(job.modified);
  if (job.training_started == Time{}) return;
  out.set_training_start_time(job.training_started);
  if (job.training_ended == Time{}) return;
  out.set_training_end_time(job.training_ended);
  const auto length = std::chrono::ceil<seconds>(job.training_ended - job.training_started);
  out.set_training_time_in_seconds(length.count());
  out.set_billable_time_in_seconds(length.count());
}

// AWS: the metrics of a built-in algorithm stand beside what was asked for; the SDK's analytics
// take their names from here. describe_training_job.test
void write_algorithm(const api::AlgorithmSpecification& given,
                     const DescribeTrainingJobResponse& out) {
  const api::AlgorithmSpecification written = out.make_algorithm_specification();
  written.share_members(given);
  const ml::Algorithm* const algorithm = ml::find_algorithm_of_image(given.training_image());
  if (algorithm == nullptr) return;  // Of a version that had another one.
  const auto list = written.make_metric_definitions();
  for (const ml::MetricDefinition& metric : algorithm->metrics) {
    const api::MetricDefinition item = list.append();
    item.set_name(metric.name);
    item.set_regex(metric.regex);
  }
  if (!written.has_enable_sage_maker_metrics_time_series()) {
    written.set_enable_sage_maker_metrics_time_series(false);
  }
}

}  // namespace

Task<DescribeTrainingJobResponse> describe_training_job(Sagemaker& sm, wire::Call& call,
                                                        DescribeTrainingJobRequest in) {
  const std::string name(in.training_job_name());
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<TrainingJob> job, txn.find(kTrainingJobs, {call.realm, name}));
  // AWS: this noun's text, as it stands.
  if (!job) co_return fail(errors::validation("Requested resource not found."));
  CO_TRY(const CreateTrainingJobRequest given,
         read_document<CreateTrainingJobRequest>(call, job->document));
  auto out = call.make<DescribeTrainingJobResponse>();
  out.share_members(given);
  write_algorithm(given.algorithm_specification(), out);
  out.set_training_job_arn(job->arn);
  out.set_training_job_status(job->status);
  out.set_secondary_status(job->secondary);
  if (!job->failure_reason.empty()) out.set_failure_reason(job->failure_reason);
  const bool has_model = job->status == kCompleted || job->status == kStopped;
  const auto output_path = parse_s3_uri(given.output_data_config().s3_output_path());
  if (has_model && output_path && job->training_ended != Time{}) {
    const S3Uri model = output_of(*job, *output_path, "model.tar.gz");
    out.make_model_artifacts().set_s3_model_artifacts(
        fmt::format("s3://{}/{}", model.bucket, model.key));
  }
  write_transitions(*job, out);
  write_metrics(*job, out);
  write_times(*job, out);
  if (!out.has_enable_network_isolation()) out.set_enable_network_isolation(false);
  if (!out.has_enable_inter_container_traffic_encryption()) {
    out.set_enable_inter_container_traffic_encryption(false);
  }
  if (!out.has_enable_managed_spot_training()) out.set_enable_managed_spot_training(false);
  co_return out;
}

}  // namespace millrace::sagemaker
