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
  std::string_view option, parquet;
  ParquetType type = ParquetType::text;
  bool content = false;  // Is not in the entry.
};
constexpr Field kFields[] = {
    {"Size", "size", ParquetType::int64},
    {"LastModifiedDate", "last_modified_date", ParquetType::timestamp},
    {"ETag", "e_tag"},
    {"StorageClass", "storage_class"},
    {"IsMultipartUploaded", "is_multipart_uploaded", ParquetType::boolean},
    {"ReplicationStatus", "replication_status"},
    {"EncryptionStatus", "encryption_status", ParquetType::text, true},
    {"ObjectLockRetainUntilDate", "object_lock_retain_until_date", ParquetType::timestamp, true},
    {"ObjectLockMode", "object_lock_mode", ParquetType::text, true},
    {"ObjectLockLegalHoldStatus", "object_lock_legal_hold_status", ParquetType::text, true},
    {"IntelligentTieringAccessTier", "intelligent_tiering_access_tier"},
    {"BucketKeyStatus", "bucket_key_status", ParquetType::text, true},
    {"ChecksumAlgorithm", "checksum_algorithm"},
    {"ObjectOwner", "object_owner"},
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

using Cell = ParquetCell;

Cell text_or_nothing(std::string_view text) {
  return text.empty() ? Cell() : Cell(std::string(text));
}

Cell of_lock(std::string_view option, const objects::Lock& lock) {
  if (option == "ObjectLockLegalHoldStatus") {
    return std::string(lock.legal_hold.value_or(false) ? "On" : "Off");
  }
  if (lock.retention.mode == objects::RetentionMode::none) return {};
  if (option == "ObjectLockRetainUntilDate") return lock.retention.until;
  const bool governance = lock.retention.mode == objects::RetentionMode::governance;
  return std::string(governance ? "GOVERNANCE" : "COMPLIANCE");
}

Cell of_content(std::string_view option, const objects::Object& object) {
  if (option == "EncryptionStatus") return text_or_nothing(encryption_of(object));
  if (option == "BucketKeyStatus") {
    return std::string(object.protection.wide ? "ENABLED" : "DISABLED");
  }
  return of_lock(option, object.metadata.lock);
}

Cell of_entry(std::string_view option, const objects::Entry& entry) {
  if (option == "Size") return static_cast<int64_t>(entry.size_bytes);
  if (option == "ETag") return entry.etag;
  if (option == "StorageClass") return std::string(storage_class_name(entry.storage_class));
  if (option == "IsMultipartUploaded") return entry.parts != 0;
  if (option == "ChecksumAlgorithm" && !entry.checksum_kinds.empty()) {
    return entry.checksum_kinds.front();
  }
  return {};
}

std::string text_of(const Cell& cell) {
  if (const auto* const text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* const flag = std::get_if<bool>(&cell)) return *flag ? "true" : "false";
  if (const auto* const number = std::get_if<int64_t>(&cell)) return std::to_string(*number);
  if (const auto* const time = std::get_if<Time>(&cell)) return to_iso8601_millis(*time);
  return {};
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
    names_.push_back(field.option);
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

std::vector<ParquetColumn> InventoryColumns::parquet() const {
  std::vector<ParquetColumn> out{{"bucket"}, {"key"}};
  if (versions_) {
    out.push_back({"version_id"});
    out.push_back({"is_latest", ParquetType::boolean});
    out.push_back({"is_delete_marker", ParquetType::boolean});
  }
  for (const std::string_view name : names_) {
    const auto* const field = std::ranges::find(kFields, name, &Field::option);
    out.push_back({std::string(field->parquet), field->type, true});
  }
  return out;
}

std::vector<ParquetCell> InventoryColumns::cells(const objects::ListedVersion& version,
                                                 const objects::Object* object,
                                                 std::string_view replication) const {
  const objects::Entry& entry = version.entry;
  std::vector<Cell> out{entry.bucket, entry.object_key};
  if (versions_) {
    out.emplace_back(entry.version);
    out.emplace_back(version.newest);
    out.emplace_back(entry.marker);
  }
  for (const std::string_view name : names_) {
    const auto* const field = std::ranges::find(kFields, name, &Field::option);
    if (name == "LastModifiedDate") {
      out.emplace_back(entry.modified);
    } else if (entry.marker) {
      out.emplace_back();
    } else if (name == "ObjectOwner") {
      out.emplace_back(owner_);
    } else if (name == "ReplicationStatus") {
      out.push_back(text_or_nothing(replication));
    } else if (field->content) {
      out.push_back(object != nullptr ? of_content(name, *object) : Cell());
    } else {
      out.push_back(of_entry(name, entry));
    }
  }
  return out;
}

std::string InventoryColumns::row(const std::vector<ParquetCell>& cells) {
  constexpr size_t kKey = 1;
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string text = text_of(cells[i]);
    append_cell(out, i == kKey ? uri_encode(text, true) : text);
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
                   {"fileFormat", manifest.format},
                   {"fileSchema", manifest.schema},
                   {"files", std::move(files)}});
}

}  // namespace millrace::s3
