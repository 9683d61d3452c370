#include "services/s3/inventory/inventory_run.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/hash.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "services/s3/inventory/gzip.h"
#include "services/s3/lifecycle/lifecycle_plan.h"
#include "services/s3/replication/replication_state.h"

namespace millrace::s3 {
namespace {

constexpr std::string_view kArn = "arn:aws:s3:::";
constexpr std::chrono::days kWeek{7};

store::Timer next_round(Time now) {
  return {.kind = std::string(kInventoryTimer),
          .id = "",
          .run_at = midnight_after(now, 0),
          .payload = {}};
}

// Rows as the bytes of a file: CSV that is packed as a whole, or Parquet.
class RowFile final {
 public:
  RowFile(const InventoryColumns& columns, bool parquet) {
    if (parquet) parquet_.emplace("s3.inventory", columns.parquet());
  }

  void add(const std::vector<ParquetCell>& cells) {
    if (parquet_) {
      parquet_->add_row(cells);
    } else {
      lines_ += InventoryColumns::row(cells);
    }
  }
  // What there is to write; with the last rows, all of it.
  Bytes take(bool last) {
    if (parquet_) {
      if (last) return parquet_->finish();
      return parquet_->rows() < kParquetGroupRows ? Bytes() : parquet_->take_rows();
    }
    Bytes out;
    gzip_.update(lines_, last, out);
    lines_.clear();
    return out;
  }

 private:
  std::optional<ParquetFile> parquet_;
  Gzip gzip_;
  Bytes lines_;
};

// One report on its way.
struct Report {
  Report(S3& service, objects::Bucket from, std::string name, std::string owner,
         const api::InventoryConfiguration& wanted)
      : s3(service),
        bucket(std::move(from)),
        id(std::move(name)),
        columns(wanted, std::move(owner)) {
    const api::InventoryS3BucketDestination to = wanted.destination().s3_bucket_destination();
    target = to.bucket().substr(std::min(kArn.size(), to.bucket().size()));
    folder = fmt::format("{}{}{}/{}", to.prefix(), to.prefix().empty() ? "" : "/", bucket.name, id);
    prefix = wanted.filter().prefix();
    parquet = to.format() == "Parquet";
    all_versions = wanted.included_object_versions() == "All";
    const api::InventoryEncryption encryption = to.encryption();
    if (encryption.has_ssekms()) {
      protect.emplace().guard = objects::Guard::named;
      protect->name = encryption.ssekms().key_id();
    } else if (encryption.has_sses3()) {
      protect.emplace();
    }
  }

  S3& s3;
  objects::Bucket bucket;
  std::string id;
  InventoryColumns columns;
  std::string target, folder, prefix;
  bool parquet = false;
  bool all_versions = false;
  std::optional<objects::Protect> protect;
  Time time{};
};

objects::Cause inventory_cause() {
  objects::Cause cause;
  cause.operation = "PutObject";
  cause.requester = "s3.amazonaws.com";
  return cause;
}

Task<void> put_text(Report* report, std::string key, Bytes text, std::string_view type) {
  objects::Metadata metadata;
  metadata.attributes["content-type"] = type;
  objects::ObjectId id{report->target, std::move(key), {}};
  std::optional<objects::Protect> protect = report->protect;
  CO_TRY(objects::Writer writer, co_await report->s3.objects.write(
                                     std::move(id), std::move(metadata), true, std::move(protect)));
  CO_TRY(co_await writer.write(text));
  objects::Digests digests;
  objects::Conditions conditions;
  objects::Cause cause = inventory_cause();
  CO_TRY(co_await writer.commit(std::move(digests), std::move(conditions), std::move(cause)));
  co_return ok;
}

Result<std::vector<ParquetCell>> cells_of(const Report& report,
                                          const objects::ListedVersion& version) {
  std::optional<objects::Object> object;
  if (report.columns.need_content() && !version.entry.marker) {
    Result<objects::Object> found = report.s3.objects.describe(
        {version.entry.bucket, version.entry.object_key, objects::version_name(version.entry)});
    // One that is removed meanwhile was still listed.
    if (found) object = std::move(*found);
  }
  std::string_view replication;
  if (report.columns.need_replication()) {
    TRY(replication, replication_status(report.s3.db, version.entry));
  }
  return report.columns.cells(version, object ? &*object : nullptr, replication);
}

// The next page of versions, newest only unless all are wanted; what is behind
// it in `request`.
Result<std::vector<objects::ListedVersion>> next_page(const Report& report,
                                                      objects::ListVersionsRequest& request,
                                                      bool& more) {
  TRY(objects::VersionListing listing, report.s3.objects.versions(request));
  more = listing.truncated;
  request.after_key = listing.last_key;
  request.after_version = listing.last_version;
  if (report.all_versions) return std::move(listing.versions);
  std::vector<objects::ListedVersion> out;
  for (objects::ListedVersion& version : listing.versions) {
    if (version.newest && !version.entry.marker) out.push_back(std::move(version));
  }
  return out;
}

Task<InventoryFile> write_rows(Report* report) {
  InventoryFile out;
  out.key = fmt::format("{}/data/{}.{}", report->folder,
                        to_hex(sha256(fmt::format("{} {} {}", report->bucket.id, report->id,
                                                  to_iso8601(report->time))))
                            .substr(0, 32),
                        report->parquet ? "parquet" : "csv.gz");
  objects::ObjectId id{report->target, out.key, {}};
  objects::Metadata metadata;
  metadata.attributes["content-type"] = "application/octet-stream";
  std::optional<objects::Protect> protect = report->protect;
  CO_TRY(objects::Writer writer, co_await report->s3.objects.write(
                                     std::move(id), std::move(metadata), true, std::move(protect)));
  RowFile file(report->columns, report->parquet);
  Digest md5(DigestKind::md5);
  objects::ListVersionsRequest request;
  request.bucket = report->bucket.name;
  request.prefix = report->prefix;
  for (bool more = true; more;) {
    CO_TRY(const auto page, next_page(*report, request, more));
    for (const objects::ListedVersion& version : page) {
      CO_TRY(const auto cells, cells_of(*report, version));
      file.add(cells);
    }
    const Bytes packed = file.take(!more);
    md5.update(packed);
    out.size_bytes += packed.size();
    CO_TRY(co_await writer.write(packed));
  }
  out.md5 = to_hex(md5.finish());
  objects::Digests digests;
  objects::Conditions conditions;
  objects::Cause cause = inventory_cause();
  CO_TRY(co_await writer.commit(std::move(digests), std::move(conditions), std::move(cause)));
  co_return out;
}

Task<void> write_report(Report* report) {
  CO_TRY(const objects::Bucket target, report->s3.objects.bucket(report->target));
  if (target.owner != report->bucket.owner) {
    co_return fail(ErrorKind::denied, "the report's bucket is of another account");
  }
  CO_TRY(InventoryFile file, co_await write_rows(report));
  InventoryManifest manifest;
  manifest.source = report->bucket.name;
  manifest.destination = report->target;
  manifest.time = report->time;
  manifest.schema = report->columns.schema();
  if (report->parquet) {
    manifest.format = "Parquet";
    manifest.schema = ParquetFile("s3.inventory", report->columns.parquet()).schema();
  }
  // AWS: Hive finds the files of a report by a list of their addresses.
  std::string links = fmt::format("s3://{}/{}\n", report->target, file.key);
  const std::string hive = fmt::format("{}/hive/dt={:%Y-%m-%d-%H-%M}/symlink.txt", report->folder,
                                       std::chrono::floor<seconds>(report->time));
  CO_TRY(co_await put_text(report, hive, std::move(links), "text/plain"));
  manifest.files.push_back(std::move(file));
  std::string text = write_manifest(manifest);
  const std::string folder = fmt::format("{}/{:%Y-%m-%dT%H-%MZ}", report->folder,
                                         std::chrono::floor<seconds>(report->time));
  std::string sum = to_hex(md5(text));
  CO_TRY(co_await put_text(report, folder + "/manifest.checksum", std::move(sum), "text/plain"));
  co_return co_await put_text(report, folder + "/manifest.json", std::move(text),
                              "application/json");
}

// Of a round that stands for all days from `from` to `now`, over which the clock may have gone.
bool is_due(const api::InventoryConfiguration& configuration, Time from, Time now) {
  if (!configuration.is_enabled()) return false;
  if (configuration.schedule().frequency() != "Weekly") return true;
  auto day = std::chrono::floor<std::chrono::days>(from);
  const auto last = std::min(std::chrono::floor<std::chrono::days>(now), day + kWeek);
  for (; day <= last; day += std::chrono::days(1)) {
    if (std::chrono::weekday(day) == std::chrono::Sunday) return true;
  }
  return false;
}

}  // namespace

void InventoryRounds::subscribe(store::Timers& timers) {
  timers.on(std::string(kInventoryTimer),
            [this](store::Timer timer) { return round(std::move(timer)); });
}

Task<void> InventoryRounds::begin() {
  store::Txn txn = s3_.db.begin();
  bool set = false;
  CO_TRY(txn.each(store::kTimers, {}, [&set](store::Timer& timer) {
    set = timer.kind == kInventoryTimer;
    return !set;
  }));
  if (set) co_return ok;
  CO_TRY(store::Timers::set(txn, next_round(s3_.clock.now())));
  co_return co_await txn.commit();
}

Task<void> InventoryRounds::round(store::Timer timer) {
  std::vector<objects::Setting> wanted;
  store::Txn look = s3_.db.begin();
  CO_TRY(look.each(objects::kSettings, {}, [&wanted](objects::Setting& setting) {
    if (setting.kind == configuration::kInventory) wanted.push_back(std::move(setting));
    return true;
  }));
  for (const objects::Setting& setting : wanted) {
    Arena arena;
    CO_TRY(const auto configuration,
           read_configuration<api::InventoryConfiguration>(setting, arena));
    const Result<objects::Bucket> bucket = s3_.objects.bucket(setting.bucket);
    if (!bucket || !is_due(configuration, timer.run_at, s3_.clock.now())) continue;
    Report report(s3_, *bucket, setting.id, owner_id(bucket->owner), configuration);
    report.time = timer.run_at;
    const Result<void> written = co_await write_report(&report);
    if (written) continue;
    if (written.error().kind == ErrorKind::internal) co_return written;
    runtime::log(runtime::LogLevel::warning, "s3.inventory_failed",
                 {{"bucket", setting.bucket},
                  {"inventory", setting.id},
                  {"cause", written.error().message}});
  }
  store::Txn end = s3_.db.begin();
  CO_TRY(store::Timers::finish(end, timer));
  CO_TRY(store::Timers::set(end, next_round(s3_.clock.now())));
  co_return co_await end.commit();
}

}  // namespace millrace::s3
