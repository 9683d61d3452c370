#include "services/sagemaker/training/prepare_training.h"

#include <boost/json.hpp>

namespace millrace::sagemaker {
namespace {

namespace json = boost::json;

constexpr int64_t kRuntimeDefault = 86'400;

std::string hyperparameters_json(const CreateTrainingJobRequest& in) {
  json::object out;
  const wire::Map<std::string_view> given = in.hyper_parameters();
  for (size_t i = 0; i < given.size(); ++i) {
    out[std::string(given.key(i))] = std::string(given.value(i));
  }
  return json::serialize(out);
}

std::string channels_json(const CreateTrainingJobRequest& in) {
  json::object out;
  for (const api::Channel channel : in.input_data_config()) {
    out[std::string(channel.channel_name())] = json::object{
        {"ContentType", std::string(channel.content_type("application/x-recordio-protobuf"))},
        {"TrainingInputMode", "File"},  // Whatever was asked: see make_training_folders().
        {"S3DistributionType",
         std::string(
             channel.data_source().s3_data_source().s3_data_distribution_type("FullyReplicated"))},
        {"RecordWrapperType", std::string(channel.record_wrapper_type("None"))}};
  }
  return json::serialize(out);
}

jobs::JobSpec spec_of(const Sagemaker& sm, const TrainingJob& job,
                      const CreateTrainingJobRequest& in) {
  jobs::JobSpec spec;
  spec.id = std::string(kTrainingIdPrefix) + job.tag;
  spec.program = {"/proc/self/exe", "algorithm", "train",
                  std::string(in.algorithm_specification().training_image())};
  spec.environment = {{"TRAINING_JOB_NAME", job.name},
                      {"TRAINING_JOB_ARN", job.arn},
                      {"AWS_REGION", job.realm.region}};
  const wire::Map<std::string_view> given = in.environment();
  for (size_t i = 0; i < given.size(); ++i) {
    spec.environment.emplace_back(given.key(i), given.value(i));
  }
  spec.mounts = {{folder_of(sm, job).string(), "/opt/ml", false}};
  spec.limits.memory_bytes = jobs::usual_memory_bytes();
  spec.limits.wall = seconds(in.stopping_condition().max_runtime_in_seconds(kRuntimeDefault));
  return spec;
}

}  // namespace

Result<PreparedTraining> prepare_training(const Sagemaker& sm, const TrainingJob& job,
                                          const CreateTrainingJobRequest& in) {
  PreparedTraining out;
  out.spec = spec_of(sm, job, in);
  for (const api::Channel channel : in.input_data_config()) {
    const auto uri = parse_s3_uri(channel.data_source().s3_data_source().s3_uri());
    if (!uri) return fail(ErrorKind::invalid, "ClientError: a channel's S3 URI is none");
    out.channels.emplace_back(channel.channel_name(), *uri);
  }
  out.config = {{"hyperparameters.json", hyperparameters_json(in)},
                {"inputdataconfig.json", channels_json(in)},
                {"resourceconfig.json",
                 R"({"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"lo"})"}};
  return out;
}

// DIVERGES: in the modes Pipe and FastFile, of the job or of one channel, a channel's objects are
// copied before the training starts, as in File mode, not streamed while it runs: the algorithm
// sees the same examples in the same order, and the disk has to hold them.
Task<void> make_training_folders(Sagemaker& sm, runtime::Path folder, PreparedTraining prepared) {
  const auto make = [&]() -> Result<void> {
    TRY(sm.disk.remove_tree(folder));  // Of an earlier attempt that was interrupted.
    for (const char* name : {"input/config", "input/data", "model", "output/data", "code", "tmp"}) {
      TRY(sm.disk.make_directories(folder / name));
    }
    for (const auto& [name, uri] : prepared.channels) {
      TRY(sm.disk.make_directories(folder / "input/data" / name));
    }
    return {};
  };
  CO_TRY(co_await repeat_on_pool<void>(sm, make));
  for (const auto& [name, content] : prepared.config) {
    const runtime::Path file = folder / "input/config" / name;
    const auto write = [&] { return runtime::write_file_durably(sm.disk, file, content); };
    CO_TRY(co_await repeat_on_pool<void>(sm, write));
  }
  co_return ok;
}

}  // namespace millrace::sagemaker
