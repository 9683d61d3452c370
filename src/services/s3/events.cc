// What S3 emits of a change of an object: one event for each target that the bucket's notification
// configuration names for it, and one for EventBridge where the bucket asks for that.
// Source: S3 User Guide, "Amazon S3 Event Notifications", "EventBridge event message structure".
#include <fmt/format.h>

#include <boost/json.hpp>

#include "services/s3/configurations.h"
#include "services/s3/notifications.h"
#include "services/s3/replication/replication_state.h"

namespace millrace::s3 {
namespace {

namespace json = boost::json;

// How one change is called by either kind of event.
struct ChangeNames {
  std::string_view notification;  // s3:ObjectCreated:Put
  std::string_view detail_type;   // Object Created
  std::string_view reason;
  std::string_view deletion_type;
};

constexpr std::string_view kLifecycle = "Lifecycle Expiration";

ChangeNames names_of(const objects::Change& change) {
  const std::string_view why = change.cause.operation;
  switch (change.kind) {
    case objects::ChangeKind::written:
      if (why == "PostObject")
        return {"s3:ObjectCreated:Post", "Object Created", "POST Object", ""};
      if (why == "CopyObject") return {"s3:ObjectCreated:Copy", "Object Created", why, ""};
      if (why == "CompleteMultipartUpload") {
        return {"s3:ObjectCreated:CompleteMultipartUpload", "Object Created", why, ""};
      }
      return {"s3:ObjectCreated:Put", "Object Created", "PutObject", ""};
    case objects::ChangeKind::removed:
      return {why == kLifecycle ? "s3:LifecycleExpiration:Delete" : "s3:ObjectRemoved:Delete",
              "Object Deleted", why == kLifecycle ? kLifecycle : "DeleteObject",
              "Permanently Deleted"};
    case objects::ChangeKind::marked:
      return {why == kLifecycle ? "s3:LifecycleExpiration:DeleteMarkerCreated"
                                : "s3:ObjectRemoved:DeleteMarkerCreated",
              "Object Deleted", why == kLifecycle ? kLifecycle : "DeleteObject",
              "Delete Marker Created"};
    case objects::ChangeKind::tagged:
      if (why == "DeleteObjectTagging") {
        return {"s3:ObjectTagging:Delete", "Object Tags Deleted", why, ""};
      }
      return {"s3:ObjectTagging:Put", "Object Tags Added", "PutObjectTagging", ""};
    case objects::ChangeKind::described:
      if (why == "PutObjectAcl") return {"s3:ObjectAcl:Put", "Object ACL Updated", "", ""};
      return {};
    case objects::ChangeKind::locked:
      return {};
    case objects::ChangeKind::restore_begun:
      return {"s3:ObjectRestore:Post", "Object Restore Initiated", "", ""};
    case objects::ChangeKind::restored:
      return {"s3:ObjectRestore:Completed", "Object Restore Completed", "", ""};
    case objects::ChangeKind::restore_ended:
      return {"s3:ObjectRestore:Delete", "Object Restore Expired", "", ""};
  }
  return {};
}

store::Event event_for(const objects::Change& change) {
  store::Event event;
  event.realm = {change.bucket.owner, change.bucket.region};
  event.time = change.time;
  return event;
}

void emit_to_event_bridge(store::Txn& txn, const objects::Change& change,
                          const ChangeNames& names) {
  const objects::Entry& entry = change.entry;
  json::object object{{"key", entry.object_key}};
  const bool restores = names.notification.starts_with("s3:ObjectRestore:");
  if (restores || change.kind == objects::ChangeKind::written) object["size"] = entry.size_bytes;
  if (change.kind != objects::ChangeKind::removed) {
    object["etag"] = entry.marker ? kEtagOfNothing : std::string_view(entry.etag);
  }
  if (has_sequencer(change.kind)) object["sequencer"] = fmt::format("{:016X}", entry.sequence);
  if (change.bucket.versioning != objects::Versioning::off) {
    object["version-id"] = objects::version_name(entry);
  }
  json::object detail{{"version", "0"},
                      {"bucket", json::object{{"name", change.bucket.name}}},
                      {"object", std::move(object)},
                      {"request-id", change.cause.request_id},
                      {"requester", change.cause.requester}};
  // AWS: an address is told of what a request causes only.
  if (!change.cause.remote.empty()) detail["source-ip-address"] = change.cause.remote;
  if (restores && change.kind != objects::ChangeKind::restore_ended) {
    detail["source-storage-class"] = entry.storage_class;
  }
  if (change.kind == objects::ChangeKind::restored && entry.restore) {
    detail["restore-expiry-time"] = to_iso8601(entry.restore->until);
  }
  if (!names.reason.empty() && change.kind != objects::ChangeKind::tagged) {
    detail["reason"] = names.reason;
  }
  if (!names.deletion_type.empty()) detail["deletion-type"] = names.deletion_type;
  store::Event event = event_for(change);
  event.source = "aws.s3";
  event.detail_type = names.detail_type;
  event.resource = fmt::format("arn:aws:s3:::{}", change.bucket.name);
  event.detail = json::serialize(detail);
  txn.emit(std::move(event));
}

void tell_targets(store::Txn& txn, const api::NotificationConfiguration& configuration,
                  const objects::Change& change, std::string_view name,
                  const ReplicationFailure* failure) {
  for (const NotificationTarget& target : targets_of(configuration)) {
    if (!is_told(target, name, change.entry.object_key)) continue;
    store::Event event = event_for(change);
    event.source = kNotificationSource;
    event.detail_type = name;
    event.resource = target.arn;
    event.detail = notification_message(change, name, target.id, failure);
    txn.emit(std::move(event));
  }
}

}  // namespace

Result<void> notify(store::Txn& txn, const objects::Change& change, std::string_view event,
                    const ReplicationFailure* failure) {
  Arena arena;
  const ConfigurationId id{change.bucket.name, configuration::kNotification};
  TRY(const auto configuration, find_configuration<NotificationConfiguration>(txn, id, arena));
  if (configuration) tell_targets(txn, configuration, change, event, failure);
  return {};
}

Result<void> announce(store::Txn& txn, const objects::Change& change) {
  TRY(note_replication(txn, change));
  Arena arena;
  const ConfigurationId id{change.bucket.name, configuration::kNotification};
  TRY(const auto configuration,
      find_configuration<NotificationConfiguration>(txn, *change.settings, id, arena));
  if (!configuration) return {};
  const ChangeNames names = names_of(change);
  if (names.notification.empty()) return {};
  tell_targets(txn, configuration, change, names.notification, nullptr);
  // AWS: EventBridge is told only where the bucket asks for it, and then of everything.
  if (configuration.has_event_bridge_configuration()) emit_to_event_bridge(txn, change, names);
  return {};
}

}  // namespace millrace::s3
