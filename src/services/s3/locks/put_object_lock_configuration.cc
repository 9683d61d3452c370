#include "services/s3/locks/lock_fields.h"

namespace millrace::s3 {
namespace {

constexpr int64_t kDaysMax = 36'500;
constexpr int64_t kYearsMax = 100;

// Errors: InvalidRetentionPeriod.
Result<uint32_t> read_period(int64_t given, int64_t period_max, std::string_view too_large) {
  if (given <= 0) {
    return fail(problem(Problem::invalid_retention_period, {},
                        "Default retention period must be a positive integer value."));
  }
  if (given > period_max) return fail(problem(Problem::invalid_retention_period, {}, too_large));
  return static_cast<uint32_t>(given);
}

// Errors: MalformedXML, InvalidRetentionPeriod.
Result<objects::LockSettings> read_settings(const api::ObjectLockConfiguration& given) {
  objects::LockSettings out;
  if (!given || given.object_lock_enabled() != "Enabled") {
    return fail(problem(Problem::malformed_xml));
  }
  out.enabled = true;
  if (!given.has_rule()) return out;
  const api::DefaultRetention retention = given.rule().default_retention();
  if (!retention) return fail(problem(Problem::malformed_xml));
  const auto mode = parse_mode(retention.mode());
  if (!mode || retention.has_days() == retention.has_years()) {
    return fail(problem(Problem::malformed_xml));
  }
  out.mode = *mode;
  if (retention.has_days()) {
    TRY(out.days, read_period(retention.days(), kDaysMax,
                              "Default retention period too large, the maximum is 36500 days."));
  } else {
    TRY(out.years, read_period(retention.years(), kYearsMax,
                               "Default retention period too large, the maximum is 100 years."));
  }
  return out;
}

}  // namespace

// AWS: object lock can be given to a bucket with versions, and never taken again.
Task<PutObjectLockConfigurationOutput> put_object_lock_configuration(
    S3& s3, wire::Call& call, PutObjectLockConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const objects::LockSettings settings, read_settings(in.object_lock_configuration()));
  const std::string bucket(in.bucket());
  Result<void> set = co_await s3.objects.set_locks(bucket, settings);
  if (!set && set.error().kind == ErrorKind::precondition_failed) {
    co_return fail(problem(Problem::invalid_bucket_state, {},
                           "Versioning must be 'Enabled' on the bucket to apply a Object Lock "
                           "configuration"));
  }
  if (!set) co_return fail(translate(s3, {bucket, ""}, std::move(set).error()));
  co_return call.make<PutObjectLockConfigurationOutput>();
}

}  // namespace millrace::s3
