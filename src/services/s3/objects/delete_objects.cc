#include "services/s3/conditions.h"
#include "services/s3/digest_headers.h"
#include "services/s3/locks/lock_fields.h"
#include "services/s3/logging/access_logs.h"
#include "services/s3/logging/own_acts.h"
#include "services/s3/policies/authorize.h"
#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

constexpr size_t kKeysMax = 1'000;

void add_error(const wire::List<api::Error>& errors, const api::ObjectIdentifier& object,
               const Error& error) {
  const api::Error item = errors.append();
  item.set_key(object.key());
  if (object.has_version_id()) item.set_version_id(object.version_id());
  item.set_code(error.code);
  item.set_message(error.message);
}

void add_deleted(const S3& s3, const wire::List<api::DeletedObject>& deleted,
                 const api::ObjectIdentifier& object, const objects::Removal& removal) {
  const api::DeletedObject item = deleted.append();
  item.set_key(object.key());
  if (object.has_version_id()) item.set_version_id(object.version_id());
  const bool of_marker = removal.removed && removal.removed->marker;
  if (!removal.marker && !of_marker) return;
  item.set_delete_marker(true);
  const objects::Entry& marker = removal.marker ? *removal.marker : *removal.removed;
  item.set_delete_marker_version_id(shown_version(s3, marker));
}

// AWS: a version that cannot be is named among the errors; see delete_objects_versions.test.
Result<objects::RemoveRequest> read_object(const S3& s3, const wire::Call& call,
                                           std::string_view bucket,
                                           const api::ObjectIdentifier& object) {
  TRY(const objects::ObjectId id, open_key(s3, call, bucket, object.key(), ""));
  TRY(authorize_action(s3, call,
                       object.has_version_id() ? "s3:DeleteObjectVersion" : "s3:DeleteObject", id));
  if (object.has_version_id() && !objects::is_version_id(object.version_id())) {
    return fail(problem(Problem::no_such_version));
  }
  objects::RemoveRequest out;
  out.key = object.key();
  out.version = object.version_id();
  if (object.has_etag()) out.conditions.etag = bare_etag(object.etag());
  if (object.has_size()) out.conditions.size_bytes = static_cast<uint64_t>(object.size());
  if (object.has_last_modified_time()) out.conditions.modified = object.last_modified_time();
  return out;
}

// AWS: each key has a line of the log beside the request's. See
// tests/conformance/s3_logging_test.py.
Task<void> note_deletions(S3& s3, wire::Call& call, std::string bucket,
                          std::vector<api::ObjectIdentifier> objects,
                          std::vector<Result<objects::Removal>> removals) {
  constexpr int kGone = 204;
  for (size_t i = 0; i < objects.size(); ++i) {
    const Result<objects::Removal>& removal = removals[i];
    BatchDeletion deletion{.bucket = bucket, .key = objects[i].key(), .status = kGone};
    Error error;
    std::string version(objects[i].version_id());
    if (!removal) {
      error = translate(s3, {bucket, std::string(deletion.key)}, lock_error(removal.error()));
      deletion.error_code = error.code;
      deletion.status = error.http_status;
    } else if (removal->marker) {
      version = shown_version(s3, *removal->marker);
    } else if (removal->removed) {
      deletion.size_bytes = removal->removed->size_bytes;
    }
    deletion.version = version;
    std::string line = batch_line(s3, call, deletion);
    if (!line.empty()) CO_TRY(co_await s3.access_logs.note(bucket, std::move(line)));
  }
  co_return ok;
}

// The objects of a request that may go, each with what it was asked as.
struct Asked {
  std::vector<api::ObjectIdentifier> objects;
  std::vector<objects::RemoveRequest> requests;
};

}  // namespace

// All that may be deleted go in one commit. Conditions are as in DeleteObject.
Task<DeleteObjectsOutput> delete_objects(S3& s3, wire::Call& call, DeleteObjectsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  if (call.http != nullptr && !has_digest(*call.http)) {
    co_return fail(invalid_request(
        "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"));
  }
  if (in.has_mfa()) co_return fail(not_implemented("MFA delete"));
  CO_TRY(check_bypass(s3, in.bucket(), in.bypass_governance_retention()));
  const api::Delete given = in.delete_();
  if (given.objects().empty() || given.objects().size() > kKeysMax) {
    co_return fail(problem(Problem::malformed_xml));
  }
  auto out = call.make<DeleteObjectsOutput>();
  const auto deleted = out.make_deleted();
  const auto errors = out.make_errors();
  Asked asked;
  for (const api::ObjectIdentifier object : given.objects()) {
    Result<objects::RemoveRequest> request = read_object(s3, call, in.bucket(), object);
    if (request && in.bypass_governance_retention()) {
      const objects::ObjectId id{std::string(in.bucket()), request->key, request->version};
      const Result<void> may = authorize_action(s3, call, "s3:BypassGovernanceRetention", id);
      if (!may) request = fail(may.error());
    }
    if (!request) {
      add_error(errors, object, request.error());
      continue;
    }
    request->bypass_governance = in.bypass_governance_retention();
    asked.objects.push_back(object);
    asked.requests.push_back(std::move(*request));
  }
  const std::string bucket(in.bucket());
  const auto removals = co_await s3.objects.remove_all(bucket, std::move(asked.requests),
                                                       cause_of(call, "DeleteObject"));
  if (!removals) co_return fail(translate(s3, {bucket, ""}, removals.error()));
  for (size_t i = 0; i < asked.objects.size(); ++i) {
    const Result<objects::Removal>& removal = (*removals)[i];
    const objects::ObjectId id{bucket, std::string(asked.objects[i].key())};
    if (!removal) {
      add_error(errors, asked.objects[i], translate(s3, id, lock_error(removal.error())));
    } else if (!given.quiet()) {
      add_deleted(s3, deleted, asked.objects[i], *removal);
    }
  }
  if (s3.access_logs.watches(bucket)) {
    CO_TRY(co_await note_deletions(s3, call, bucket, std::move(asked.objects), *removals));
  }
  co_return out;
}

}  // namespace millrace::s3
