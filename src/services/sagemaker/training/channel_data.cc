#include "services/sagemaker/training/channel_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "engines/ml/algorithms.h"
#include "engines/ml/example_format.h"
#include "services/sagemaker/documents.h"

namespace millrace::sagemaker {
namespace {

namespace json = boost::json;

// The job of the tag, which runs and knows its token. Nothing for all others.
Result<std::optional<TrainingJob>> find_running(Sagemaker& sm, const DataRequest& request) {
  store::Txn txn = sm.db.begin();
  TRY(const std::optional<TrainingTag> tag, txn.find(kTrainingTags, {request.tag}));
  if (!tag) return std::optional<TrainingJob>();
  TRY(std::optional<TrainingJob> job, txn.find(kTrainingJobs, {tag->realm, tag->name}));
  const bool known = job && !job->ended() && !job->data_token.empty() &&
                     equal_constant_time(job->data_token, request.token);
  return known ? std::move(job) : std::optional<TrainingJob>();
}

// Where the channel is, if it is read so.
Result<std::optional<InputSource>> find_channel(const CreateTrainingJobRequest& in,
                                                std::string_view name) {
  for (const api::Channel channel : in.input_data_config()) {
    if (channel.channel_name() != name) continue;
    const std::string_view image = in.algorithm_specification().training_image();
    if (!streams(channel, input_mode(in, channel), image)) break;
    return input_source(channel.data_source().s3_data_source());
  }
  return std::optional<InputSource>();
}

Task<Bytes> try_read(Sagemaker& sm, Acting who, objects::ObjectId id, DataRequest request) {
  CO_TRY(objects::Reader reader, co_await sm.objects.read(std::move(id)));
  CO_TRY(sm.roles.may_read(who, reader.object()));
  const objects::Entry& entry = reader.object().entry;
  if (entry.etag != request.etag) {
    co_return fail(ErrorKind::precondition_failed,
                   fmt::format("s3://{}/{} was replaced after the job had begun", entry.bucket,
                               entry.object_key));
  }
  co_return co_await reader.read_at(request.offset, std::min(request.size, kDataPieceMax));
}

// Of a prefix, what is below it. A manifest may name whatever the role may read.
bool may_name(const InputSource& source, const DataRequest& request) {
  return source.manifest ||
         (request.bucket == source.uri.bucket && request.key.starts_with(source.uri.key));
}

bool is_hidden(std::string_view path) {
  return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

}  // namespace

std::string_view input_mode(const CreateTrainingJobRequest& in, const api::Channel& channel) {
  return channel.input_mode(in.algorithm_specification().training_input_mode("File"));
}

bool streams(const api::Channel& channel, std::string_view asked, std::string_view image) {
  if (asked != "Pipe" && asked != "FastFile") return false;
  const ml::Algorithm* const algorithm = ml::find_algorithm_of_image(image);
  if (algorithm == nullptr) return false;
  const std::string_view name = channel.channel_name();
  const auto& tables = algorithm->table_channels;
  if (name == algorithm->model_channel || std::ranges::find(tables, name) != tables.end()) {
    return false;
  }
  const auto format = ml::parse_content_type(channel.content_type());
  return format && format->kind != ml::ExampleFormat::Kind::parquet;
}

Task<std::string> stored_channels_json(Sagemaker& sm, TrainingJob job, std::string role_arn,
                                       std::vector<std::pair<std::string, InputSource>> channels) {
  json::object listed;
  for (const auto& [name, source] : channels) {
    Result<std::vector<StoredObject>> found =
        co_await list_input(storage_as(sm, job.realm.account, role_arn), source);
    if (!found) {
      co_return fail(found.error().kind,
                     fmt::format("channel {}: {}", name, found.error().message));
    }
    std::erase_if(*found, [](const StoredObject& object) { return is_hidden(object.path); });
    std::ranges::sort(*found, {}, &StoredObject::path);
    json::array& files = listed[name].emplace_array();
    for (const StoredObject& object : *found) {
      files.push_back(json::object{{"file", object.path},
                                   {"bucket", object.bucket},
                                   {"key", object.key},
                                   {"etag", object.etag},
                                   {"size", object.size_bytes}});
    }
  }
  co_return json::serialize(json::object{{"socket", fmt::format("{}/{}", kDataInside, kDataSocket)},
                                         {"job", job.tag},
                                         {"token", job.data_token},
                                         {"channels", std::move(listed)}});
}

Task<Bytes> read_channel_data(Sagemaker& sm, DataRequest request) {
  CO_TRY(const std::optional<TrainingJob> job, find_running(sm, request));
  if (!job) co_return fail(ErrorKind::denied, "no such job reads its data");
  Arena arena;
  wire::Call call(arena);
  CO_TRY(const CreateTrainingJobRequest in,
         read_document<CreateTrainingJobRequest>(call, job->document));
  CO_TRY(const std::optional<InputSource> source, find_channel(in, request.channel));
  if (source && request.bucket.empty()) request.bucket = source->uri.bucket;
  if (!source || !may_name(*source, request)) {
    co_return fail(ErrorKind::denied,
                   fmt::format("s3://{}/{} is no object of a channel that is streamed",
                               request.bucket, request.key));
  }
  const Storage storage = storage_as(sm, job->realm.account, in.role_arn());
  CO_TRY(check_owner(storage, request.bucket));
  objects::ObjectId id{request.bucket, request.key};
  const auto step = [&] { return try_read(sm, storage.who, id, request); };
  co_return co_await runtime::repeat<Bytes>(sm.clock, step);
}

}  // namespace millrace::sagemaker
