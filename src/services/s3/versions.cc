#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

Error no_such_version(const objects::ObjectId& id) {
  return problem(Problem::no_such_version, {{"Key", id.key}, {"VersionId", id.version}});
}

}  // namespace

Result<void> check_version(std::string_view version_id) {
  if (version_id.empty()) {
    return fail(invalid_argument("Version id cannot be the empty string", "versionId", ""));
  }
  if (objects::is_version_id(version_id)) return {};
  return fail(invalid_argument("Invalid version id specified", "versionId", version_id));
}

// AWS: see get_object_versions.test.
Error read_error(const S3& s3, wire::Call& call, const objects::ObjectId& id, Error error) {
  if (!error.code.empty() || error.kind != ErrorKind::not_found) {
    return translate(s3, id, std::move(error));
  }
  const Result<std::optional<objects::Entry>> marker = s3.objects.marker(id);
  if (marker && *marker) {
    const objects::Entry& entry = **marker;
    call.response_headers.set("x-amz-delete-marker", "true");
    call.response_headers.set("x-amz-version-id", objects::version_name(entry));
    if (id.version.empty()) return problem(Problem::no_such_key, {{"Key", id.key}});
    call.response_headers.set("Last-Modified",
                              to_http_date(std::chrono::floor<seconds>(entry.modified)));
    call.response_headers.set("Allow", "DELETE");
    const std::string method = call.http != nullptr ? std::string(call.http->method) : "GET";
    return problem(Problem::method_not_allowed,
                   {{"Method", method}, {"ResourceType", "DeleteMarker"}});
  }
  if (id.version.empty() || !s3.objects.bucket(id.bucket)) {
    return translate(s3, id, std::move(error));
  }
  return no_such_version(id);
}

Error source_error(const S3& s3, const objects::ObjectId& id, Error error) {
  const bool absent = error.code.empty() && error.kind == ErrorKind::not_found;
  if (!absent || id.version.empty() || !s3.objects.bucket(id.bucket)) {
    return translate(s3, id, std::move(error));
  }
  const Result<std::optional<objects::Entry>> marker = s3.objects.marker(id);
  if (!marker || !*marker) return no_such_version(id);
  return invalid_request(
      "The source of a copy request may not specifically refer to a delete marker by version id.");
}

std::string shown_version(const S3& s3, const objects::Entry& entry) {
  if (!entry.version.empty()) return entry.version;
  const Result<objects::Bucket> bucket = s3.objects.bucket(entry.bucket);
  const bool kept = bucket && bucket->versioning != objects::Versioning::off;
  return kept ? objects::version_name(entry) : std::string();
}

}  // namespace millrace::s3
