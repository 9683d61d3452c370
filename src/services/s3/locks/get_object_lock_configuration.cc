#include "services/s3/locks/lock_fields.h"

namespace millrace::s3 {

Task<GetObjectLockConfigurationOutput> get_object_lock_configuration(
    S3& s3, wire::Call& call, GetObjectLockConfigurationRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const objects::LockSettings& locks = bucket.locks;
  if (!locks.enabled) {
    co_return fail(
        problem(Problem::object_lock_configuration_not_found, {{"BucketName", bucket.name}}));
  }
  auto out = call.make<GetObjectLockConfigurationOutput>();
  const auto configuration = out.make_object_lock_configuration();
  configuration.set_object_lock_enabled("Enabled");
  if (locks.mode == objects::RetentionMode::none) co_return out;
  const auto retention = configuration.make_rule().make_default_retention();
  retention.set_mode(mode_name(locks.mode));
  if (locks.days != 0) retention.set_days(locks.days);
  if (locks.years != 0) retention.set_years(locks.years);
  co_return out;
}

}  // namespace millrace::s3
