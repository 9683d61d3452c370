#include "services/s3/inventory/inventory_report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "wire/protocols/document.h"

namespace millrace::s3 {
namespace {

objects::ListedVersion version(std::string key) {
  objects::ListedVersion out;
  out.entry.bucket = "bucket";
  out.entry.object_key = std::move(key);
  out.entry.version = "v1";
  out.entry.size_bytes = 5;
  out.entry.etag = "5d41";
  out.entry.modified = Time(std::chrono::seconds(1549411238));
  out.newest = true;
  return out;
}

api::InventoryConfiguration configuration(Arena& arena, std::string_view versions,
                                          std::string_view fields) {
  const Bytes json =
      fmt::format(R"({{"IncludedObjectVersions":"{}","OptionalFields":[{}]}})", versions, fields);
  const auto value =
      wire::parse_document(api::InventoryConfiguration::kShape, arena.copy(json), arena);
  EXPECT_TRUE(value);
  return api::InventoryConfiguration(value->items, arena);
}

TEST(InventoryReportTest, ColumnsAreInAwssOrder) {
  Arena arena;
  const InventoryColumns columns(
      configuration(arena, "All", R"("StorageClass","ETag","LastModifiedDate","Size")"), "owner");
  EXPECT_EQ(columns.schema(),
            "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, "
            "StorageClass");
  EXPECT_FALSE(columns.need_content());
  EXPECT_EQ(InventoryColumns::row(columns.cells(version("a b\"c"), nullptr, "")),
            "\"bucket\",\"a%20b%22c\",\"v1\",\"true\",\"false\",\"5\",\"2019-02-06T00:00:38.000Z\","
            "\"5d41\",\"STANDARD\"\n");
}

TEST(InventoryReportTest, MarkerHasNothingButItsNameAndTime) {
  Arena arena;
  const InventoryColumns columns(
      configuration(arena, "All", R"("Size","LastModifiedDate","EncryptionStatus")"), "owner");
  EXPECT_TRUE(columns.need_content());
  objects::ListedVersion marker = version("k");
  marker.entry.marker = true;
  EXPECT_EQ(InventoryColumns::row(columns.cells(marker, nullptr, "")),
            "\"bucket\",\"k\",\"v1\",\"true\",\"true\",\"\",\"2019-02-06T00:00:38.000Z\",\"\"\n");
}

TEST(InventoryReportTest, EncryptionAndOwnerAreTold) {
  Arena arena;
  const InventoryColumns columns(
      configuration(arena, "Current", R"("EncryptionStatus","BucketKeyStatus","ObjectOwner")"),
      "owner");
  objects::Object object;
  object.protection.guard = objects::Guard::named;
  object.protection.wide = true;
  EXPECT_EQ(InventoryColumns::row(columns.cells(version("k"), &object, "")),
            "\"bucket\",\"k\",\"SSE-KMS\",\"ENABLED\",\"owner\"\n");
}

TEST(InventoryReportTest, ManifestNamesTheFilesAndTheirDigests) {
  InventoryManifest manifest;
  manifest.source = "from";
  manifest.destination = "to";
  manifest.time = Time(std::chrono::seconds(1549411238));
  manifest.schema = "Bucket, Key";
  manifest.files.push_back({"p/from/id/data/f.csv.gz", 7, "00ff"});
  EXPECT_EQ(write_manifest(manifest),
            R"({"sourceBucket":"from","destinationBucket":"arn:aws:s3:::to",)"
            R"("version":"2016-11-30","creationTimestamp":"1549411238000","fileFormat":"CSV",)"
            R"("fileSchema":"Bucket, Key","files":[{"key":"p/from/id/data/f.csv.gz","size":7,)"
            R"("MD5checksum":"00ff"}]})");
}

}  // namespace
}  // namespace millrace::s3
