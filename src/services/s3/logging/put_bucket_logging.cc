#include "services/s3/configurations.h"
#include "services/s3/logging/access_logs.h"

namespace millrace::s3 {
namespace {

// AWS: logs go to a bucket of the same owner and region; see put_bucket_logging.test.
Result<void> check_target(const S3& s3, const objects::Bucket& source,
                          const api::LoggingEnabled& logging) {
  const Details details{{"TargetBucket", std::string(logging.target_bucket())}};
  const Result<objects::Bucket> target = s3.objects.bucket(logging.target_bucket());
  if (!target) {
    return fail(problem(Problem::invalid_target_bucket_for_logging, details,
                        "The target bucket for logging does not exist"));
  }
  if (target->owner != source.owner) {
    return fail(
        problem(Problem::invalid_target_bucket_for_logging, details,
                "The owner for the bucket to be logged and the target bucket must be the same."));
  }
  if (target->region != source.region) {
    return fail(problem(Problem::cross_location_logging_prohibited,
                        {{"TargetBucketLocation", target->region}}));
  }
  if (!logging.target_grants().empty()) {
    return fail(problem(Problem::invalid_target_bucket_for_logging, details,
                        "Target grants not supported for buckets with bucket owner enforced "
                        "settings"));
  }
  return {};
}

}  // namespace

// DIVERGES: the target's policy is not asked whether logging.s3.amazonaws.com may write: the target
// is of the same account.
Task<void> put_bucket_logging(S3& s3, wire::Call& call, PutBucketLoggingRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kLogging};
  const api::BucketLoggingStatus status = in.bucket_logging_status();
  if (!status.has_logging_enabled()) co_return co_await erase_configuration(s3, id);
  CO_TRY(check_target(s3, bucket, status.logging_enabled()));
  CO_TRY(co_await put_configuration(s3, id, status));
  s3.access_logs.watch(bucket.name);
  co_return ok;
}

}  // namespace millrace::s3
