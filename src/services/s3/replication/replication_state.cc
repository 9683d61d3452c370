#include "services/s3/replication/replication_state.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "services/s3/configurations.h"
#include "services/s3/replication/replication_plan.h"

namespace millrace::s3 {
namespace {

namespace json = boost::json;
using objects::ChangeKind;

VersionReplication row_of(const objects::Entry& entry, ReplicationState state) {
  return {entry.bucket, entry.object_key, entry.version, state};
}

// The content of a version that has just been written, or of which something has changed.
Result<objects::Content> content_of(store::Txn& txn, const objects::Entry& entry) {
  TRY(std::optional<objects::Entry> current,
      txn.find(objects::kEntries, {entry.bucket, entry.object_key}));
  if (current && current->sequence == entry.sequence) {
    return txn.get(objects::kContents, {entry.bucket, entry.object_key});
  }
  TRY(objects::PastContent past,
      txn.get(objects::kVersionContents, {entry.bucket, entry.object_key, ~entry.sequence}));
  return std::move(past.content);
}

store::Event event_of(const objects::Change& change, std::string_view role,
                      const std::vector<ReplicationTarget>& targets) {
  const objects::Entry& entry = change.entry;
  json::array to;
  for (const ReplicationTarget& target : targets) {
    to.push_back(json::object{{"bucket", target.bucket},
                              {"storage-class", target.storage_class},
                              {"kms-key", target.kms_key},
                              {"rule", target.rule},
                              {"changes-owner", target.changes_owner}});
  }
  store::Event event;
  event.realm = {change.bucket.owner, change.bucket.region};
  event.source = kReplicationSource;
  event.detail_type = "Replicate";
  // In order for each key.
  event.resource = fmt::format("arn:aws:s3:::{}/{}", entry.bucket, entry.object_key);
  event.detail = json::serialize(json::object{{"bucket", entry.bucket},
                                              {"key", entry.object_key},
                                              {"version", entry.version},
                                              {"marker", entry.marker},
                                              {"role", role},
                                              {"targets", std::move(to)}});
  event.time = change.time;
  return event;
}

bool is_replicated(const objects::Change& change) {
  switch (change.kind) {
    case ChangeKind::written:
    case ChangeKind::tagged:
    case ChangeKind::described:
    case ChangeKind::locked:
      return true;
    case ChangeKind::marked:
      // AWS: markers that the lifecycle makes stay where they are.
      return !change.cause.operation.starts_with("Lifecycle");
    default:
      return false;
  }
}

}  // namespace

Result<void> note_replication(store::Txn& txn, const objects::Change& change) {
  const objects::Entry& entry = change.entry;
  if (entry.version.empty()) return {};
  if (change.kind == ChangeKind::removed) {
    txn.erase(kVersionReplications, {entry.bucket, entry.object_key, entry.version});
    return {};
  }
  if (change.cause.operation == kReplicationCause) {
    if (change.kind == ChangeKind::written) {
      txn.put(kVersionReplications, row_of(entry, ReplicationState::replica));
    }
    return {};
  }
  if (!is_replicated(change)) return {};
  Arena arena;
  const ConfigurationId id{change.bucket.name, configuration::kReplication};
  TRY(const auto rules, find_configuration<api::ReplicationConfiguration>(txn, id, arena));
  if (!rules) return {};
  Replicable version{entry.object_key, entry.marker};
  objects::Content content;
  if (!entry.marker) {
    TRY(content, content_of(txn, entry));
    version.guard = content.protection.guard;
    version.tags = &content.metadata.tags;
  }
  const std::vector<ReplicationTarget> targets = replication_targets(rules, version);
  if (targets.empty()) return {};
  if (!entry.marker) txn.put(kVersionReplications, row_of(entry, ReplicationState::pending));
  txn.emit(event_of(change, rules.role(), targets));
  return {};
}

Result<std::string_view> replication_status(store::Database& db, const objects::Entry& entry) {
  if (entry.version.empty()) return std::string_view();
  store::Txn txn = db.begin();
  TRY(const auto row,
      txn.find(kVersionReplications, {entry.bucket, entry.object_key, entry.version}));
  switch (row ? row->state : ReplicationState::none) {
    case ReplicationState::none:
      return std::string_view();
    case ReplicationState::pending:
      return "PENDING";
    case ReplicationState::completed:
      return "COMPLETED";
    case ReplicationState::failed:
      return "FAILED";
    case ReplicationState::replica:
      return "REPLICA";
  }
  return std::string_view();
}

}  // namespace millrace::s3
