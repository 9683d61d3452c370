#include "services/s3/configurations.h"
#include "services/s3/notifications.h"

namespace millrace::s3 {
namespace {

// AWS: a target without an id gets one.
void name_targets(const wire::Call& call, const api::NotificationConfiguration& configuration) {
  size_t number = 0;
  const auto name = [&](const auto& one) {
    if (one.id().empty()) one.set_id(generated_id(call, number));
    ++number;
  };
  for (const auto one : configuration.topic_configurations()) name(one);
  for (const auto one : configuration.queue_configurations()) name(one);
  for (const auto one : configuration.lambda_function_configurations()) name(one);
}

}  // namespace

// DIVERGES: whether the targets exist and take what is sent is not asked when they are named.
// AWS: topics and queues are sent s3:TestEvent; see the .test.
Task<void> put_bucket_notification_configuration(S3& s3, wire::Call& call,
                                                 PutBucketNotificationConfigurationRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const api::NotificationConfiguration wanted = in.notification_configuration();
  CO_TRY(check_notifications(wanted));
  normalise_filters(wanted);
  name_targets(call, wanted);
  const ConfigurationId id{in.bucket(), configuration::kNotification};
  std::vector<store::Event> events;
  if (!in.skip_destination_validation()) {
    events = test_events(bucket, wanted, call.request_id, s3.clock.now());
  }
  co_return co_await put_configuration(s3, id, wanted, std::move(events));
}

}  // namespace millrace::s3
