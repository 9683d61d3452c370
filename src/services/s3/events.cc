// What S3 emits. Source: S3 User Guide, "EventBridge event message structure".
#include <fmt/format.h>

#include <boost/json.hpp>

#include "services/s3/s3.h"

namespace millrace::s3 {

void announce(store::Txn& txn, const objects::Change& change) {
  namespace json = boost::json;
  const bool written = change.kind == objects::ChangeKind::written;
  const bool marked = change.kind == objects::ChangeKind::marked;
  const objects::Entry& entry = change.entry;
  json::object object{{"key", entry.object_key}};
  if (written) {
    object["size"] = entry.size_bytes;
    object["etag"] = entry.etag;
  }
  if (change.bucket.versioning != objects::Versioning::off) {
    object["version-id"] = objects::version_name(entry);
  }
  object["sequencer"] = fmt::format("{:016X}", entry.sequence);
  json::object detail{{"version", "0"},
                      {"bucket", json::object{{"name", change.bucket.name}}},
                      {"object", std::move(object)},
                      {"request-id", change.cause.request_id},
                      {"requester", change.cause.requester},
                      {"source-ip-address", change.cause.remote},
                      {"reason", change.cause.operation}};
  if (!written) {
    detail["deletion-type"] = marked ? "Delete Marker Created" : "Permanently Deleted";
  }
  store::Event event;
  event.realm = {change.bucket.owner, change.bucket.region};
  event.source = "aws.s3";
  event.detail_type = written ? "Object Created" : "Object Deleted";
  event.resource = fmt::format("arn:aws:s3:::{}", change.bucket.name);
  event.detail = json::serialize(detail);
  event.time = change.time;
  txn.emit(std::move(event));
}

}  // namespace millrace::s3
