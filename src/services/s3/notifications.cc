#include "services/s3/notifications.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

#include "base/hash.h"
#include "base/uri.h"

namespace millrace::s3 {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 27> kEvents = {
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectAcl:Put",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    // What tells of them is refused where it is asked for: Replication Time Control and metrics of
    // replication, archive tiers. Nothing is lost.
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:IntelligentTiering",
    "s3:ReducedRedundancyLostObject",
};

// AWS: later kinds of events have later versions of the message. See notifications_test.cc.
constexpr std::array<std::string_view, 5> kOfVersion23 = {
    "s3:Lifecycle", "s3:IntelligentTiering",
    "s3:ObjectAcl:", "s3:ObjectTagging:", "s3:ObjectRestore:Delete"};

std::string_view version_of(std::string_view event) {
  if (event.starts_with("s3:Replication:")) return "2.2";
  const bool later = std::ranges::any_of(
      kOfVersion23, [event](std::string_view kind) { return event.starts_with(kind); });
  return later ? "2.3" : "2.1";
}

template <class Configuration>
NotificationTarget target_of(const Configuration& configuration, std::string_view arn) {
  NotificationTarget out;
  out.id = configuration.id();
  out.arn = arn;
  for (const std::string_view event : configuration.events()) out.events.push_back(event);
  for (const api::FilterRule rule : configuration.filter().key().filter_rules()) {
    const bool prefix = http::equal_ignoring_case(rule.name(), "prefix");
    (prefix ? out.prefix : out.suffix) = rule.value();
  }
  return out;
}

// Calls `visit` with each configuration of a target, of whichever kind.
template <class Visit>
void each_target(const api::NotificationConfiguration& configuration, Visit visit) {
  for (const api::TopicConfiguration one : configuration.topic_configurations()) {
    visit(one, one.topic_arn(), "sns");
  }
  for (const api::QueueConfiguration one : configuration.queue_configurations()) {
    visit(one, one.queue_arn(), "sqs");
  }
  for (const api::LambdaFunctionConfiguration one :
       configuration.lambda_function_configurations()) {
    visit(one, one.lambda_function_arn(), "lambda");
  }
}

Result<void> check_filter(const api::NotificationConfigurationFilter& filter) {
  std::set<bool> seen;
  for (const api::FilterRule rule : filter.key().filter_rules()) {
    const bool prefix = http::equal_ignoring_case(rule.name(), "prefix");
    if (!prefix && !http::equal_ignoring_case(rule.name(), "suffix")) {
      return fail(invalid_argument("filter rule name must be either prefix or suffix",
                                   "FilterRule.Name", rule.name()));
    }
    if (!seen.insert(prefix).second) {
      return fail(invalid_argument(fmt::format("Cannot specify more than one {} rule in a filter.",
                                               prefix ? "prefix" : "suffix"),
                                   "FilterRule.Name", rule.name()));
    }
    if (rule.value().size() > kFilterValueMax) {
      return fail(invalid_argument(
          "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation",
          "FilterRule.Value", rule.value()));
    }
  }
  return {};
}

Result<void> check_events(wire::List<std::string_view> events) {
  for (const std::string_view event : events) {
    if (std::ranges::find(kEvents, event) != kEvents.end()) continue;
    return fail(
        invalid_argument("A specified event is not supported for notifications.", "Event", event));
  }
  return {};
}

// arn:aws:<service>:<region>:<account>:<name>
Result<void> check_arn(std::string_view arn, std::string_view service) {
  const bool whole = arn.starts_with(fmt::format("arn:aws:{}:", service)) &&
                     std::ranges::count(arn, ':') >= 5 && !arn.ends_with(':');
  if (!whole) return fail(invalid_argument("The ARN could not be parsed", "ARN", arn));
  if (service == "lambda" || !arn.ends_with(".fifo")) return {};
  // AWS: queues and topics that keep an order take no notifications.
  return fail(invalid_argument("Unable to validate the following destination configurations", arn,
                               "FIFO queues and topics are not supported"));
}

bool overlap_at_start(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}
bool overlap_at_end(std::string_view a, std::string_view b) {
  return a.ends_with(b) || b.ends_with(a);
}

// The pair of types by which two targets may be told of the same event; nothing where none may.
std::optional<std::string> common_type(const NotificationTarget& a, const NotificationTarget& b) {
  for (const std::string_view one : a.events) {
    for (const std::string_view other : b.events) {
      if (names_event(one, other) || names_event(other, one)) {
        return fmt::format("{}, {}", one, other);
      }
    }
  }
  return std::nullopt;
}

Result<void> check_overlap(const NotificationTarget& a, const NotificationTarget& b) {
  if (!overlap_at_start(a.prefix, b.prefix) || !overlap_at_end(a.suffix, b.suffix)) return {};
  const std::optional<std::string> types = common_type(a, b);
  if (!types) return {};
  const bool filtered =
      !(a.prefix.empty() && a.suffix.empty() && b.prefix.empty() && b.suffix.empty());
  return fail(invalid_argument(
      filtered ? "Configuration is ambiguously defined. Cannot have overlapping suffixes in two "
                 "rules if the prefixes are overlapping for the same event type."
               : "Configurations overlap. Configurations on the same bucket cannot share a common "
                 "event type.",
      "Event", *types));
}

// AWS: the key as a form would encode it, with its slashes.
std::string encoded_key(std::string_view key) {
  std::string out;
  for (const char c : uri_encode(key, true)) out += c;
  for (size_t at = out.find("%20"); at != std::string::npos; at = out.find("%20", at)) {
    out.replace(at, 3, "+");
  }
  return out;
}

json::object object_of(const objects::Change& change, std::string_view event) {
  const objects::Entry& entry = change.entry;
  const bool marker = event.ends_with(":DeleteMarkerCreated");
  const bool removed =
      !marker && (event == "s3:ObjectRemoved:Delete" || event == "s3:LifecycleExpiration:Delete");
  json::object out{{"key", encoded_key(entry.object_key)}};
  if (!removed && !entry.marker) out["size"] = entry.size_bytes;
  if (entry.marker && !removed) out["eTag"] = kEtagOfNothing;
  if (!removed && !entry.etag.empty()) out["eTag"] = entry.etag;
  if (change.bucket.versioning != objects::Versioning::off) {
    out["versionId"] = objects::version_name(entry);
  }
  if (has_sequencer(change.kind)) out["sequencer"] = fmt::format("{:016X}", entry.sequence);
  return out;
}

// What only some events tell.
void add_event_data(json::object& record, const objects::Change& change, std::string_view event) {
  const objects::Entry& entry = change.entry;
  if (event == "s3:ObjectRestore:Completed" && entry.restore) {
    record["glacierEventData"] = json::object{
        {"restoreEventData",
         json::object{{"lifecycleRestorationExpiryTime", to_iso8601_millis(entry.restore->until)},
                      {"lifecycleRestoreStorageClass", entry.storage_class}}}};
  }
  if (event == "s3:LifecycleTransition") {
    record["lifecycleEventData"] = json::object{
        {"transitionEventData", json::object{{"destinationStorageClass", entry.storage_class}}}};
  }
}

json::object data_of(const ReplicationFailure& failure) {
  return {{"replicationRuleId", failure.rule},
          {"destinationBucket", fmt::format("arn:aws:s3:::{}", failure.bucket)},
          {"s3Operation", failure.operation},
          {"requestTime", to_iso8601_millis(failure.requested)},
          {"failureReason", failure.reason}};
}

}  // namespace

bool has_sequencer(objects::ChangeKind kind) {
  return kind == objects::ChangeKind::written || kind == objects::ChangeKind::removed ||
         kind == objects::ChangeKind::marked;
}

std::vector<NotificationTarget> targets_of(const api::NotificationConfiguration& configuration) {
  std::vector<NotificationTarget> out;
  each_target(configuration, [&out](const auto& one, std::string_view arn, std::string_view) {
    out.push_back(target_of(one, arn));
  });
  return out;
}

Result<void> check_notifications(const api::NotificationConfiguration& configuration) {
  Result<void> checked;
  each_target(configuration, [&](const auto& one, std::string_view arn, std::string_view service) {
    if (checked) checked = check_arn(arn, service);
    if (checked) checked = check_events(one.events());
    if (checked) checked = check_filter(one.filter());
  });
  TRY(checked);
  const std::vector<NotificationTarget> targets = targets_of(configuration);
  if (targets.size() > kNotificationTargetsMax) {
    return fail(invalid_argument("The number of notification configurations exceeds 100",
                                 "NotificationConfiguration", std::to_string(targets.size())));
  }
  std::set<std::string_view> ids;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].events.empty()) return fail(problem(Problem::malformed_xml));
    if (!targets[i].id.empty() && !ids.insert(targets[i].id).second) {
      return fail(invalid_argument("Same ID used for multiple configurations. IDs must be unique",
                                   "Id", targets[i].id));
    }
    for (size_t j = 0; j < i; ++j) TRY(check_overlap(targets[j], targets[i]));
  }
  return {};
}

void normalise_filters(const api::NotificationConfiguration& configuration) {
  each_target(configuration, [](const auto& one, std::string_view, std::string_view) {
    for (const api::FilterRule rule : one.filter().key().filter_rules()) {
      rule.set_name(http::equal_ignoring_case(rule.name(), "prefix") ? "Prefix" : "Suffix");
    }
  });
}

bool names_event(std::string_view type, std::string_view event) {
  if (!type.ends_with('*')) return type == event;
  return event.starts_with(type.substr(0, type.size() - 1));
}

bool is_told(const NotificationTarget& target, std::string_view event, std::string_view key) {
  // A prefix and a suffix may share characters of the key.
  if (!key.starts_with(target.prefix) || !key.ends_with(target.suffix)) return false;
  return std::ranges::any_of(target.events,
                             [&](std::string_view type) { return names_event(type, event); });
}

std::string notification_message(const objects::Change& change, std::string_view event,
                                 std::string_view configuration_id,
                                 const ReplicationFailure* failure) {
  constexpr size_t kScheme = 3;  // "s3:"
  const objects::Cause& cause = change.cause;
  const json::object bucket{
      {"name", change.bucket.name},
      {"ownerIdentity", json::object{{"principalId", owner_id(change.bucket.owner)}}},
      {"arn", fmt::format("arn:aws:s3:::{}", change.bucket.name)}};
  const bool internal = cause.requester.ends_with(".amazonaws.com");
  json::object record{
      {"eventVersion", version_of(event)},
      {"eventSource", "aws:s3"},
      {"awsRegion", change.bucket.region},
      {"eventTime", to_iso8601_millis(change.time)},
      {"eventName", event.substr(kScheme)},
      {"userIdentity",
       json::object{{"principalId", internal ? cause.requester : "AWS:" + cause.requester}}},
      {"requestParameters",
       json::object{{"sourceIPAddress", internal ? cause.requester : cause.remote}}},
      {"responseElements", json::object{{"x-amz-request-id", cause.request_id},
                                        {"x-amz-id-2", to_base64(cause.request_id)}}},
      {"s3", json::object{{"s3SchemaVersion", "1.0"},
                          {"configurationId", configuration_id},
                          {"bucket", bucket},
                          {"object", object_of(change, event)}}}};
  add_event_data(record, change, event);
  if (failure != nullptr) record["replicationEventData"] = data_of(*failure);
  json::array records;
  records.push_back(std::move(record));
  return json::serialize(json::object{{"Records", std::move(records)}});
}

std::vector<store::Event> test_events(const objects::Bucket& bucket,
                                      const api::NotificationConfiguration& configuration,
                                      std::string_view request_id, Time time) {
  const std::string message = json::serialize(json::object{{"Service", "Amazon S3"},
                                                           {"Event", "s3:TestEvent"},
                                                           {"Time", to_iso8601_millis(time)},
                                                           {"Bucket", bucket.name},
                                                           {"RequestId", request_id},
                                                           {"HostId", to_base64(request_id)}});
  std::vector<store::Event> out;
  each_target(configuration, [&](const auto&, std::string_view arn, std::string_view service) {
    if (service == "lambda") return;  // AWS: functions are not sent one.
    store::Event event;
    event.realm = {bucket.owner, bucket.region};
    event.source = kNotificationSource;
    event.detail_type = "s3:TestEvent";
    event.resource = arn;
    event.detail = message;
    event.time = time;
    out.push_back(std::move(event));
  });
  return out;
}

}  // namespace millrace::s3
