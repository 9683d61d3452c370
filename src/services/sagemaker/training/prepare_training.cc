#include "services/sagemaker/training/prepare_training.h"

#include <boost/json.hpp>

#include "engines/ml/example_format.h"
#include "services/sagemaker/training/channel_data.h"

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

// What the program is told. A channel of tables or of a model is a file to it in any mode; a pipe
// of Parquet is its own to refuse.
std::string mode_inside(const CreateTrainingJobRequest& in, const api::Channel& channel) {
  const std::string_view asked = input_mode(in, channel);
  const std::string_view image = in.algorithm_specification().training_image();
  const bool examples = streams(channel, asked, image);
  const auto format = ml::parse_content_type(channel.content_type());
  const bool parquet = format && format->kind == ml::ExampleFormat::Kind::parquet;
  return std::string(examples || parquet ? asked : "File");
}

std::string channels_json(const CreateTrainingJobRequest& in) {
  json::object out;
  for (const api::Channel channel : in.input_data_config()) {
    out[std::string(channel.channel_name())] = json::object{
        {"ContentType", std::string(channel.content_type("application/x-recordio-protobuf"))},
        {"TrainingInputMode", mode_inside(in, channel)},
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
    TRY(std::optional<InputSource> source, input_source(channel.data_source().s3_data_source()));
    if (!source) return fail(ErrorKind::invalid, "ClientError: a channel's S3 URI is none");
    const std::string_view image = in.algorithm_specification().training_image();
    auto& list = streams(channel, input_mode(in, channel), image) ? out.streamed : out.channels;
    list.emplace_back(channel.channel_name(), std::move(*source));
  }
  if (!out.streamed.empty()) {
    out.spec.mounts.push_back({sm.data_folder.string(), std::string(kDataInside), true});
  }
  out.config = {{"hyperparameters.json", hyperparameters_json(in)},
                {"inputdataconfig.json", channels_json(in)},
                {"resourceconfig.json",
                 R"({"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"lo"})"}};
  return out;
}

// AWS: in the modes Pipe and FastFile, of the job or of one channel, data is streamed while the
// job runs. create_training_job_modes.test
// DIVERGES: Parquet and the channels of models and tables are copied first in mode FastFile too.
Task<void> make_training_folders(Sagemaker& sm, runtime::Path folder, PreparedTraining prepared) {
  const auto make = [&]() -> Result<void> {
    TRY(sm.disk.remove_tree(folder));  // Of an earlier attempt that was interrupted.
    for (const char* name : {"input/config", "input/data", "model", "output/data", "code", "tmp"}) {
      TRY(sm.disk.make_directories(folder / name));
    }
    for (const auto& [name, source] : prepared.channels) {
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
