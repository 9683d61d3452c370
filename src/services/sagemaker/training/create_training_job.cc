#include <fmt/format.h>

#include <map>

#include "base/hash.h"
#include "engines/ml/algorithms.h"
#include "services/sagemaker/documents.h"
#include "services/sagemaker/tags/tag_rows.h"
#include "services/sagemaker/training/input_source.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {
namespace {

constexpr size_t kTagCharacters = 16;
constexpr size_t kTokenBytes = 16;

std::map<std::string, std::string> hyperparameters_of(const CreateTrainingJobRequest& in) {
  std::map<std::string, std::string> out;
  const wire::Map<std::string_view> given = in.hyper_parameters();
  for (size_t i = 0; i < given.size(); ++i) out.emplace(given.key(i), given.value(i));
  return out;
}

// What the request asks of us, by itself. AWS: a built-in algorithm checks its hyperparameters in
// the job, but one that is wrong cannot become right there, so it is refused here already.
Result<void> check_request(const CreateTrainingJobRequest& in) {
  const api::AlgorithmSpecification algorithm = in.algorithm_specification();
  if (algorithm.has_algorithm_name()) {
    return fail(wire::errors::not_implemented("Training by AlgorithmName"));
  }
  const ml::Algorithm* const ours = ml::find_algorithm_of_image(algorithm.training_image());
  if (ours == nullptr) return fail(unknown_image(algorithm.training_image()));
  if (in.resource_config().instance_count(1) != 1) {
    return fail(wire::errors::not_implemented("Training on more than one instance"));
  }
  // AWS: a built-in algorithm has its own metrics.
  if (!algorithm.metric_definitions().empty()) {
    return fail(errors::validation(
        "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry "
        "the request without specifying metric definitions."));
  }
  if (in.output_data_config().compression_type("GZIP") != "GZIP") {
    return fail(wire::errors::not_implemented("OutputDataConfig.CompressionType NONE"));
  }
  const auto checked = ml::parse_hyperparameters(ours->hyperparameters, hyperparameters_of(in));
  if (!checked) return fail(errors::validation(checked.error().message));
  if (!parse_s3_uri(in.output_data_config().s3_output_path())) {
    return fail(errors::validation(
        fmt::format("Invalid S3 output path: {}", in.output_data_config().s3_output_path())));
  }
  return {};
}

// AWS: a channel below whose prefix there is nothing is refused, with this text.
Task<void> check_channels(Sagemaker& sm, wire::Call& call, CreateTrainingJobRequest in) {
  for (const api::Channel channel : in.input_data_config()) {
    const api::S3DataSource source = channel.data_source().s3_data_source();
    if (!source) {
      co_return fail(wire::errors::not_implemented(
          fmt::format("The data source of channel {}", channel.channel_name())));
    }
    CO_TRY(const std::optional<InputSource> input, input_source(source));
    if (!input) {
      co_return fail(errors::validation(fmt::format("Invalid S3 URI: {}", source.s3_uri())));
    }
    const Result<bool> found =
        co_await has_objects(storage_as(sm, call.realm.account, in.role_arn()), input->uri);
    if (!found && found.error().kind != ErrorKind::not_found) co_return fail(found.error());
    if (found && *found) continue;
    co_return fail(errors::validation(fmt::format(
        "No S3 objects found under S3 URL \"{}\" given in input data source. Please ensure that "
        "the bucket exists in the selected region ({}), that objects exist under that S3 prefix, "
        "and that the role \"{}\" has \"s3:ListBucket\" permissions on bucket \"{}\".",
        source.s3_uri(), call.realm.region, in.role_arn(), input->uri.bucket)));
  }
  co_return ok;
}

}  // namespace

// DIVERGES: ShuffleConfig, VpcConfig, CheckpointConfig, the hooks of debuggers and profilers,
// ExperimentConfig and the type of the instance are kept and told, and change nothing: files are
// read in the order of their names, and a built-in algorithm has neither checkpoints nor hooks.
Task<CreateTrainingJobResponse> create_training_job(Sagemaker& sm, wire::Call& call,
                                                    CreateTrainingJobRequest in) {
  CO_TRY(check_request(in));
  CO_TRY(co_await check_channels(sm, call, in));
  const std::string name(in.training_job_name());
  const std::string arn = arn_of(call.realm, "training-job", name);
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<TrainingJob> existing, txn.find(kTrainingJobs, {call.realm, name}));
  if (existing) {
    co_return fail(errors::resource_in_use(
        fmt::format("Training job names must be unique within an AWS account and region, and a "
                    "training job with this name already exists ({})",
                    arn)));
  }
  const Time now = sm.clock.now();
  const std::string birth = arn + std::to_string(now.time_since_epoch().count());
  TrainingJob job{.realm = call.realm,
                  .name = name,
                  .arn = arn,
                  .tag = to_hex(sha256(birth)).substr(0, kTagCharacters),
                  .document = document_of(in),
                  .created = now,
                  .data_token = sm.random.hex(kTokenBytes)};
  move_to(job, kInProgress, "Starting", now);
  txn.put(kTrainingTags, TrainingTag{.tag = job.tag, .realm = job.realm, .name = job.name});
  CO_TRY(put_new_tags(txn, call.realm, arn, in.tags()));
  put_training_job(txn, job, now);
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreateTrainingJobResponse>();
  out.set_training_job_arn(arn);
  co_return out;
}

}  // namespace millrace::sagemaker
