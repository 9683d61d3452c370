#include "services/s3/locks/lock_fields.h"

#include <fmt/format.h>

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

Result<void> check_lock_digest(const objects::Bucket& bucket, const wire::Call& call,
                               const objects::Lock& lock, std::string_view what) {
  const bool locked = lock.retention.mode != objects::RetentionMode::none ||
                      lock.legal_hold.has_value() ||
                      bucket.locks.mode != objects::RetentionMode::none;
  if (!locked || call.body == nullptr || call.http == nullptr) return {};
  if (has_digest(*call.http)) return {};
  return fail(invalid_request(
      fmt::format("Content-MD5 OR x-amz-checksum- HTTP header is required for {} requests with "
                  "Object Lock parameters",
                  what)));
}

Result<void> check_bypass(const S3& s3, std::string_view bucket, bool bypass) {
  if (!bypass) return {};
  TRY(const objects::Bucket found, s3.objects.bucket(bucket));
  if (found.locks.enabled) return {};
  return fail(invalid_argument(
      "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
      "x-amz-bypass-governance-retention", "true"));
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
