#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<NotificationConfiguration> get_bucket_notification_configuration(
    S3& s3, wire::Call& call, GetBucketNotificationConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kNotification};
  CO_TRY(const auto found, find_configuration<NotificationConfiguration>(s3, id, call.arena));
  if (found) co_return found;
  co_return call.make<NotificationConfiguration>();
}

}  // namespace millrace::s3
