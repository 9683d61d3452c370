#include "services/sagemaker/training/training_rows.h"

#include <fmt/format.h>

#include <utility>

namespace millrace::sagemaker {
namespace {

// AWS: the messages of SecondaryStatusTransitions.
std::string_view message_of(std::string_view secondary) {
  static constexpr std::pair<std::string_view, std::string_view> kMessages[] = {
      {"Starting", "Preparing the instances for training"},
      {"Downloading", "Downloading the training data"},
      {"Training", "Training image download completed. Training in progress."},
      {"Uploading", "Uploading generated training model"},
      {"Completed", "Training job completed"},
      {"Failed", "Training job failed"},
      {"Stopping", "Stopping the training job"},
      {"Stopped", "Training job stopped"},
      {"MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds provided"},
  };
  for (const auto& [status, message] : kMessages) {
    if (status == secondary) return message;
  }
  return {};
}

int64_t millis(Time t) { return std::chrono::floor<milliseconds>(t).time_since_epoch().count(); }

}  // namespace

void move_to(TrainingJob& job, std::string_view status, std::string_view secondary, Time now) {
  if (!job.transitions.empty() && job.transitions.back().end == Time{}) {
    job.transitions.back().end = now;
  }
  job.status = status;
  job.secondary = secondary;
  job.transitions.push_back({.status = std::string(secondary),
                             .start = now,
                             .end = job.ended() ? now : Time{},
                             .message = std::string(message_of(secondary))});
}

void put_training_job(store::Txn& txn, TrainingJob& job, Time now) {
  job.modified = now;
  txn.put(kTrainingJobs, job);
  txn.emit({.realm = job.realm,
            .source = "aws.sagemaker",
            .detail_type = std::string(kTrainingStateChange),
            .resource = job.arn,
            .detail = fmt::format(
                R"({{"TrainingJobName":"{}","TrainingJobArn":"{}","TrainingJobStatus":"{}",)"
                R"("SecondaryStatus":"{}","CreationTime":{},"LastModifiedTime":{}}})",
                job.name, job.arn, job.status, job.secondary, millis(job.created), millis(now)),
            .time = now});
}

runtime::Path folder_of(const Sagemaker& sm, const TrainingJob& job) { return sm.folder / job.tag; }

S3Uri output_of(const TrainingJob& job, const S3Uri& output_path, std::string_view file) {
  const std::string& base = output_path.key;
  const std::string prefix = base.empty() || base.ends_with('/') ? base : base + "/";
  return {output_path.bucket, fmt::format("{}{}/output/{}", prefix, job.name, file)};
}

std::string log_stream_of(const TrainingJob& job) {
  return fmt::format("{}/algo-1-{}", job.name,
                     std::chrono::floor<seconds>(job.created).time_since_epoch().count());
}

}  // namespace millrace::sagemaker
