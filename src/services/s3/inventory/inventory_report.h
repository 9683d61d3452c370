// What an inventory lists of each version, and the manifest of its files. Pure.
// Source: S3 User Guide, "Amazon S3 Inventory lists", "Locating your inventory
// list".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/s3/configurations.h"
#include "services/s3/inventory/parquet_file.h"

namespace millrace::s3 {

class InventoryColumns {
 public:
  // Columns in AWS's order, whatever the order in which they were asked for.
  // `owner`: the canonical id of the bucket's.
  InventoryColumns(const api::InventoryConfiguration& configuration, std::string owner);

  // "Bucket, Key, …" as manifests of CSV name them.
  std::string schema() const;
  // The columns of Parquet, which have names of their own.
  std::vector<ParquetColumn> parquet() const;
  // Whether a version must be described beyond its entry.
  bool need_content() const { return need_content_; }
  bool need_replication() const;
  // What a version has in each column. `object` is null where need_content() is not.
  std::vector<ParquetCell> cells(const objects::ListedVersion& version,
                                 const objects::Object* object, std::string_view replication) const;
  // The same as a line of CSV, with its line feed.
  static std::string row(const std::vector<ParquetCell>& cells);

 private:
  std::string owner_;
  std::vector<std::string_view> names_;
  bool versions_ = false;
  bool need_content_ = false;
};

struct InventoryFile {
  std::string key;
  uint64_t size_bytes = 0;
  std::string md5;  // In hex.
};

struct InventoryManifest {
  std::string source, destination;  // Buckets.
  Time time{};
  std::string_view format = "CSV";
  std::string schema;
  std::vector<InventoryFile> files;
};
std::string write_manifest(const InventoryManifest& manifest);

}  // namespace millrace::s3
