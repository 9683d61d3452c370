#include "services/s3/inventory/inventory_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/uri.h"
#include "services/s3/metadata.h"

namespace millrace::s3 {
namespace {

namespace json = boost::json;

// AWS's names of optional fields, and what schemas call them; in the order of
// columns.
struct Field {
  std::string_view option, column;
  bool content = false;  // Is not in the entry.
};
constexpr Field kFields[] = {
    {"Size", "Size"},
    {"LastModifiedDate", "LastModifiedDate"},
    {"ETag", "ETag"},
    {"StorageClass", "StorageClass"},
    {"IsMultipartUploaded", "IsMultipartUploaded"},
    {"ReplicationStatus", "ReplicationStatus"},
    {"EncryptionStatus", "EncryptionStatus", true},
    {"ObjectLockRetainUntilDate", "ObjectLockRetainUntilDate", true},
    {"ObjectLockMode", "ObjectLockMode", true},
    {"ObjectLockLegalHoldStatus", "ObjectLockLegalHoldStatus", true},
    {"IntelligentTieringAccessTier", "IntelligentTieringAccessTier"},
    {"BucketKeyStatus", "BucketKeyStatus", true},
    {"ChecksumAlgorithm", "ChecksumAlgorithm"},
    {"ObjectOwner", "ObjectOwner"},
};

std::string_view encryption_of(const objects::Object& object) {
  switch (object.protection.guard) {
    case objects::Guard::none:
      return "NOT-SSE";
    case objects::Guard::platform:
      return "SSE-S3";
    case objects::Guard::named:
      return "SSE-KMS";
    case objects::Guard::caller:
      return "SSE-C";
  }
  return "";
}

std::string of_lock(std::string_view column, const objects::Lock& lock) {
  const bool kept = lock.retention.mode != objects::RetentionMode::none;
  if (column == "ObjectLockLegalHoldStatus") return lock.legal_hold.value_or(false) ? "On" : "Off";
  if (!kept) return "";
  if (column == "ObjectLockRetainUntilDate") {
    return to_iso8601_millis(lock.retention.until);
  }
  const bool governance = lock.retention.mode == objects::RetentionMode::governance;
  return governance ? "GOVERNANCE" : "COMPLIANCE";
}

std::string of_content(std::string_view column, const objects::Object& object) {
  if (column == "EncryptionStatus") return std::string(encryption_of(object));
  if (column == "BucketKeyStatus") return object.protection.wide ? "ENABLED" : "DISABLED";
  return of_lock(column, object.metadata.lock);
}

std::string of_entry(std::string_view column, const objects::Entry& entry) {
  if (column == "Size") return std::to_string(entry.size_bytes);
  if (column == "ETag") return entry.etag;
  if (column == "StorageClass") return std::string(storage_class_name(entry.storage_class));
  if (column == "IsMultipartUploaded") return entry.parts != 0 ? "true" : "false";
  if (column == "ChecksumAlgorithm") {
    return entry.checksum_kinds.empty() ? "" : entry.checksum_kinds.front();
  }
  return "";
}

void append_cell(std::string& out, std::string_view text) {
  if (!out.empty()) out += ',';
  out += '"';
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  out += '"';
}

}  // namespace

// DIVERGES: IntelligentTieringAccessTier is empty; there are no tiers.
InventoryColumns::InventoryColumns(const api::InventoryConfiguration& configuration,
                                   std::string owner)
    : owner_(std::move(owner)), versions_(configuration.included_object_versions() == "All") {
  for (const Field& field : kFields) {
    bool asked = false;
    for (const std::string_view option : configuration.optional_fields()) {
      asked = asked || option == field.option;
    }
    if (!asked) continue;
    names_.push_back(field.column);
    need_content_ |= field.content;
  }
}

bool InventoryColumns::need_replication() const {
  return std::ranges::find(names_, "ReplicationStatus") != names_.end();
}

std::string InventoryColumns::schema() const {
  std::string out = "Bucket, Key";
  if (versions_) out += ", VersionId, IsLatest, IsDeleteMarker";
  for (const std::string_view name : names_) out += fmt::format(", {}", name);
  return out;
}

std::string InventoryColumns::row(const objects::ListedVersion& version,
                                  const objects::Object* object,
                                  std::string_view replication) const {
  const objects::Entry& entry = version.entry;
  std::string out;
  append_cell(out, entry.bucket);
  append_cell(out, uri_encode(entry.object_key, true));
  if (versions_) {
    append_cell(out, entry.version);
    append_cell(out, version.newest ? "true" : "false");
    append_cell(out, entry.marker ? "true" : "false");
  }
  for (const std::string_view name : names_) {
    const auto* const field = std::ranges::find(kFields, name, &Field::column);
    if (name == "LastModifiedDate") {
      append_cell(out, to_iso8601_millis(entry.modified));
    } else if (entry.marker) {
      append_cell(out, "");
    } else if (name == "ObjectOwner") {
      append_cell(out, owner_);
    } else if (name == "ReplicationStatus") {
      append_cell(out, replication);
    } else if (field->content) {
      append_cell(out, object != nullptr ? of_content(name, *object) : "");
    } else {
      append_cell(out, of_entry(name, entry));
    }
  }
  return out + "\n";
}

std::string write_manifest(const InventoryManifest& manifest) {
  json::array files;
  for (const InventoryFile& file : manifest.files) {
    files.push_back(
        json::object{{"key", file.key}, {"size", file.size_bytes}, {"MD5checksum", file.md5}});
  }
  const auto since = std::chrono::floor<milliseconds>(manifest.time).time_since_epoch().count();
  return json::serialize(
      json::object{{"sourceBucket", manifest.source},
                   {"destinationBucket", fmt::format("arn:aws:s3:::{}", manifest.destination)},
                   {"version", "2016-11-30"},
                   {"creationTimestamp", std::to_string(since)},
                   {"fileFormat", "CSV"},
                   {"fileSchema", manifest.schema},
                   {"files", std::move(files)}});
}

}  // namespace millrace::s3
