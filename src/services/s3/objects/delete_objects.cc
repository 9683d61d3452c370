#include "services/s3/s3.h"
#include "wire/auth/checksum.h"

namespace millrace::s3 {
namespace {

constexpr size_t kKeysMax = 1'000;

// AWS: the document must come with a digest, which the pipeline has compared already.
bool has_digest(const http::Request& request) {
  if (request.headers.find("content-md5")) return true;
  for (const auto& header : request.headers) {
    if (auth::parse_checksum_header(header.name)) return true;
    if (http::equal_ignoring_case(header.name, "x-amz-trailer")) return true;
  }
  return false;
}

void add_error(const wire::List<api::Error>& errors, const api::ObjectIdentifier& object,
               const Error& error) {
  const api::Error item = errors.append();
  item.set_key(object.key());
  if (object.has_version_id()) item.set_version_id(object.version_id());
  item.set_code(error.code);
  item.set_message(error.message);
}

Result<void> check_object(const S3& s3, const wire::Call& call, std::string_view bucket,
                          const api::ObjectIdentifier& object) {
  TRY(open_key(s3, call, bucket, object.key(), ""));
  if (object.has_version_id() && object.version_id() != "null") {
    return fail(
        Error{ErrorKind::not_found, "The specified version does not exist.", "NoSuchVersion", 404});
  }
  if (object.has_etag() || object.has_size() || object.has_last_modified_time()) {
    return fail(not_implemented("A condition on an object to delete"));
  }
  return {};
}

}  // namespace

// All that may be deleted go in one commit.
Task<DeleteObjectsOutput> delete_objects(S3& s3, wire::Call& call, DeleteObjectsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  if (call.http != nullptr && !has_digest(*call.http)) {
    co_return fail(invalid_request(
        "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"));
  }
  const api::Delete asked = in.delete_();
  if (asked.objects().empty() || asked.objects().size() > kKeysMax) {
    co_return fail(problem(Problem::malformed_xml));
  }
  auto out = call.make<DeleteObjectsOutput>();
  const auto deleted = out.make_deleted();
  const auto errors = out.make_errors();
  std::vector<std::string> keys;
  for (const api::ObjectIdentifier object : asked.objects()) {
    if (const Result<void> checked = check_object(s3, call, in.bucket(), object); !checked) {
      add_error(errors, object, checked.error());
      continue;
    }
    keys.emplace_back(object.key());
    if (asked.quiet()) continue;
    const api::DeletedObject item = deleted.append();
    item.set_key(object.key());
    if (object.has_version_id()) item.set_version_id(object.version_id());
  }
  const std::string bucket(in.bucket());
  Result<void> removed =
      co_await s3.objects.remove_all(bucket, std::move(keys), cause_of(call, "DeleteObject"));
  if (!removed) co_return fail(translate(s3, {bucket, ""}, std::move(removed).error()));
  co_return out;
}

}  // namespace millrace::s3
