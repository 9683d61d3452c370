#include "services/s3/locks/lock_fields.h"

#include "services/s3/digest_headers.h"

namespace millrace::s3 {

std::optional<objects::RetentionMode> parse_mode(std::string_view mode) {
  if (mode == "GOVERNANCE") return objects::RetentionMode::governance;
  if (mode == "COMPLIANCE") return objects::RetentionMode::compliance;
  return std::nullopt;
}

std::string_view mode_name(objects::RetentionMode mode) {
  return mode == objects::RetentionMode::governance ? "GOVERNANCE" : "COMPLIANCE";
}

Result<void> check_lockable(const S3& s3, const wire::Call& call, const objects::ObjectId& id) {
  TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  // AWS: the text is without spaces here; see put_object_locks.test.
  if (!bucket.locks.enabled)
    return fail(invalid_request("Bucket is missing ObjectLockConfiguration"));
  if (call.body == nullptr || call.http == nullptr || has_digest(*call.http)) return {};
  return fail(invalid_request(
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object "
      "Lock parameters"));
}

Result<objects::Retention> read_retention(const S3& s3, std::string_view mode,
                                          std::optional<Time> until) {
  if (mode.empty() || !until) {
    return fail(invalid_argument(
        "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
        mode.empty() ? "x-amz-object-lock-retain-until-date" : "x-amz-object-lock-mode", mode));
  }
  const std::optional<objects::RetentionMode> parsed = parse_mode(mode);
  if (!parsed) {
    return fail(invalid_argument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode));
  }
  if (*until <= s3.objects.now()) {
    return fail(invalid_argument("The retain until date must be in the future!",
                                 "x-amz-object-lock-retain-until-date", to_iso8601(*until)));
  }
  return objects::Retention{*parsed, *until};
}

Result<bool> read_legal_hold(std::string_view status) {
  if (status == "ON" || status == "OFF") return status == "ON";
  return fail(invalid_argument("Legal Hold must be either of 'ON' or 'OFF'",
                               "x-amz-object-lock-legal-hold", status));
}

Result<void> check_locks(const objects::Bucket& bucket) {
  if (bucket.locks.enabled) return {};
  return fail(invalid_request("Bucket is missing Object Lock Configuration"));
}

Error no_lock() { return problem(Problem::no_such_object_lock_configuration); }

Error lock_error(Error error) {
  if (!error.code.empty() || error.kind != ErrorKind::denied) return error;
  return problem(Problem::access_denied, {},
                 "Access Denied because object protected by object lock.");
}

}  // namespace millrace::s3
