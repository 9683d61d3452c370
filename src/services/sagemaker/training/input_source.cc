#include "services/sagemaker/training/input_source.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "runtime/repeat.h"

namespace millrace::sagemaker {
namespace {

namespace json = boost::json;

constexpr size_t kDepthMax = 4;  // A manifest has two levels.

std::unexpected<Error> bad_manifest(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the manifest {}", what));
}

std::string_view without_slash(std::string_view name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

Result<S3Uri> parse_prefix(const json::value& first) {
  const json::object* const object = first.if_object();
  const json::value* const prefix = object == nullptr ? nullptr : object->if_contains("prefix");
  if (prefix == nullptr || !prefix->is_string()) {
    return bad_manifest("does not begin with {\"prefix\": \"s3://...\"}");
  }
  const std::optional<S3Uri> uri = parse_s3_uri(prefix->get_string());
  if (!uri) {
    return bad_manifest(
        fmt::format("has the prefix {}, which is no S3 URI", std::string(prefix->get_string())));
  }
  return *uri;
}

Task<Bytes> try_read_manifest(Storage storage, S3Uri uri) {
  CO_TRY(objects::Reader reader, co_await storage.objects.read({uri.bucket, uri.key}));
  CO_TRY(storage.roles.may_read(storage.who, reader.object()));
  if (reader.size() > kManifestBytesMax) {
    co_return bad_manifest(
        fmt::format("has {} bytes; {} at most are read", reader.size(), kManifestBytesMax));
  }
  co_return co_await reader.read_at(0, reader.size());
}

Task<Manifest> read_manifest(Storage storage, S3Uri uri) {
  CO_TRY(check_owner(storage, uri.bucket));
  const auto step = [&] { return try_read_manifest(storage, uri); };
  CO_TRY(const Bytes text, co_await runtime::repeat<Bytes>(storage.clock, step));
  co_return parse_manifest(text);
}

Task<std::vector<StoredObject>> list_manifest(Storage storage, S3Uri uri) {
  CO_TRY(const Manifest manifest, co_await read_manifest(storage, std::move(uri)));
  CO_TRY(check_owner(storage, manifest.prefix.bucket));
  std::vector<StoredObject> out;
  for (const std::string& name : manifest.names) {
    const objects::ObjectId id{manifest.prefix.bucket, manifest.prefix.key + name};
    const Result<objects::Object> object = storage.objects.describe(id);
    if (!object) {
      co_return fail(object.error().kind, fmt::format("s3://{}/{}, which the manifest names: {}",
                                                      id.bucket, id.key, object.error().message));
    }
    out.push_back({.path = std::string(without_slash(name)),
                   .bucket = id.bucket,
                   .key = id.key,
                   .etag = object->entry.etag,
                   .size_bytes = object->entry.size_bytes});
  }
  co_return out;
}

}  // namespace

Result<std::optional<InputSource>> input_source(const api::S3DataSource& source) {
  const std::string_view type = source.s3_data_type();
  if (type != "S3Prefix" && type != "ManifestFile") {
    return fail(wire::errors::not_implemented(fmt::format("S3DataType {}", type)));
  }
  std::optional<S3Uri> uri = parse_s3_uri(source.s3_uri());
  if (!uri) return std::optional<InputSource>();
  return InputSource{.uri = std::move(*uri), .manifest = type == "ManifestFile"};
}

Result<Manifest> parse_manifest(std::string_view text) {
  json::error_code code;
  json::parse_options options;
  options.max_depth = kDepthMax;
  const json::value parsed = json::parse(text, code, {}, options);
  if (code) return bad_manifest(fmt::format("is not JSON: {}", code.message()));
  const json::array* const list = parsed.if_array();
  if (list == nullptr || list->empty()) {
    return bad_manifest("is not a list that begins with a prefix");
  }
  Manifest out;
  TRY(out.prefix, parse_prefix(list->front()));
  if (list->size() == 1) return bad_manifest("names no object");
  if (list->size() - 1 > kListedMax) {
    return bad_manifest(fmt::format("names more than {} objects", kListedMax));
  }
  for (size_t i = 1; i < list->size(); ++i) {
    const json::string* const name = (*list)[i].if_string();
    if (name == nullptr) return bad_manifest(fmt::format("has no text as element {}", i));
    const Result<void> fit = check_path(without_slash(*name));
    if (!fit) return bad_manifest(fmt::format("has an element {}: {}", i, fit.error().message));
    out.names.emplace_back(*name);
  }
  return out;
}

Task<std::vector<StoredObject>> list_input(Storage storage, InputSource source) {
  if (source.manifest) co_return co_await list_manifest(storage, std::move(source.uri));
  co_return co_await list_objects(storage, std::move(source.uri));
}

Task<uint64_t> download_input(Storage storage, InputSource source, runtime::Path folder) {
  if (!source.manifest) {
    co_return co_await download(storage, std::move(source.uri), std::move(folder));
  }
  CO_TRY(const std::vector<StoredObject> listed,
         co_await list_manifest(storage, std::move(source.uri)));
  uint64_t total = 0;
  for (const StoredObject& object : listed) {
    S3Uri from{object.bucket, object.key};
    CO_TRY(co_await download_object(storage, std::move(from), folder / object.path));
    total += object.size_bytes;
  }
  co_return total;
}

}  // namespace millrace::sagemaker
