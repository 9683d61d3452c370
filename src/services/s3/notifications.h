// Notifications: which targets of a bucket are told of an event, and in which words. Pure.
//
// A target is a topic, a queue or a function with event types and, perhaps, a prefix and a suffix
// of keys. No two targets may be told of the same event of the same key.
// Source: S3 User Guide, "Amazon S3 Event Notifications", "Event message structure".
// Limits: kNotificationTargetsMax targets of a bucket, kFilterValueMax bytes of a filter.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "services/s3/s3.h"

namespace millrace::s3 {

inline constexpr size_t kNotificationTargetsMax = 100;
inline constexpr size_t kFilterValueMax = 1024;

// The source of the events that are for one target: their resource is its ARN, their type the
// event's name, their detail the message. Whoever delivers to the target subscribes to them.
inline constexpr std::string_view kNotificationSource = "aws:s3";

struct NotificationTarget {
  std::string_view id;
  std::string_view arn;
  std::vector<std::string_view> events;  // s3:ObjectCreated:*
  std::string_view prefix;
  std::string_view suffix;
};

// Topics, queues and functions, in this order. Borrows from the configuration.
std::vector<NotificationTarget> targets_of(const api::NotificationConfiguration& configuration);

// Errors: InvalidArgument, in AWS's words.
Result<void> check_notifications(const api::NotificationConfiguration& configuration);
// AWS answers the names of filters with a capital letter, however they were sent.
void normalise_filters(const api::NotificationConfiguration& configuration);

// Whether an event type, which may end in `*`, names the event.
bool names_event(std::string_view type, std::string_view event);
// Whether the target is told of that event of that key.
bool is_told(const NotificationTarget& target, std::string_view event, std::string_view key);

// Of s3:Replication:OperationFailedReplication: what did not get to a destination, and why.
struct ReplicationFailure {
  std::string_view rule, bucket;
  std::string_view operation;  // OBJECT_PUT
  Time requested{};
  std::string_view reason;  // One of AWS's: DstPutObjectNotPermitted
};

// The MD5 of no bytes, by which delete markers are told of.
inline constexpr std::string_view kEtagOfNothing = "d41d8cd98f00b204e9800998ecf8427e";
// AWS: what creates and deletes objects has an order, other events have none.
bool has_sequencer(objects::ChangeKind kind);

// AWS's document of one event: {"Records": […]}. `event` is s3:ObjectCreated:Put.
std::string notification_message(const objects::Change& change, std::string_view event,
                                 std::string_view configuration_id,
                                 const ReplicationFailure* failure = nullptr);
// Emits the event to each target of the bucket that is told of it, within the transaction of the
// change. Errors: internal.
Result<void> notify(store::Txn& txn, const objects::Change& change, std::string_view event,
                    const ReplicationFailure* failure = nullptr);
// What topics and queues are told when they become targets: an event for each.
std::vector<store::Event> test_events(const objects::Bucket& bucket,
                                      const api::NotificationConfiguration& configuration,
                                      std::string_view request_id, Time time);

}  // namespace millrace::s3
