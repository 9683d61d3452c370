#include "services/s3/logging/access_logs.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "runtime/clock.h"
#include "runtime/log.h"
#include "services/s3/configurations.h"
#include "services/s3/logging/access_line.h"

namespace millrace::s3 {
namespace {

constexpr std::chrono::hours kInterval{1};

store::Timer next_round(Time now) {
  return {.kind = std::string(kAccessLogTimer), .id = "", .run_at = now + kInterval, .payload = {}};
}

// AWS: the simple form of a key, and the one that is partitioned by day.
std::string key_of(const api::LoggingEnabled& logging, const objects::Bucket& source, Time now,
                   std::string unique) {
  std::ranges::transform(unique, unique.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  const auto when = std::chrono::floor<seconds>(now);
  std::string folder;
  if (logging.target_object_key_format().has_partitioned_prefix()) {
    folder = fmt::format("{}/{}/{}/{:%Y/%m/%d}/", source.owner, source.region, source.name, when);
  }
  return fmt::format("{}{}{:%Y-%m-%d-%H-%M-%S}-{}", logging.target_prefix(), folder, when, unique);
}

// What becomes one object, and the moment that its key names.
struct Batch {
  Time when{};
  Bytes lines;
};

// AWS: where keys are partitioned by the days of events, each day has objects of its own.
std::vector<Batch> batches_of(const api::LoggingEnabled& logging, Bytes lines, Time now) {
  const api::PartitionedPrefix partitioned =
      logging.target_object_key_format().partitioned_prefix();
  std::vector<Batch> out;
  if (partitioned.partition_date_source() != "EventTime") {
    out.push_back({now, std::move(lines)});
    return out;
  }
  for (std::string_view rest = lines; !rest.empty();) {
    const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(line.size());
    const Time day = day_of(line).value_or(now);
    if (out.empty() || out.back().when != day) out.push_back({day, {}});
    out.back().lines += line;
  }
  return out;
}

Task<objects::Entry> put_lines(objects::Objects* objects, objects::ObjectId to, Bytes lines) {
  objects::Metadata metadata;
  metadata.attributes["content-type"] = "text/plain";
  CO_TRY(objects::Writer writer, co_await objects->write(std::move(to), std::move(metadata)));
  CO_TRY(co_await writer.write(lines));
  objects::Digests digests;
  objects::Conditions conditions;
  objects::Cause cause;
  cause.operation = "PutObject";
  cause.requester = "logging.s3.amazonaws.com";
  co_return co_await writer.commit(std::move(digests), std::move(conditions), std::move(cause));
}

}  // namespace

void AccessLogs::subscribe(store::Timers& timers) {
  timers.on(std::string(kAccessLogTimer),
            [this](store::Timer timer) { return round(std::move(timer)); });
}

Task<void> AccessLogs::begin() {
  store::Txn txn = world_.db.begin();
  CO_TRY(txn.each(objects::kSettings, {}, [this](objects::Setting& setting) {
    if (setting.kind == configuration::kLogging) watch(setting.bucket);
    return true;
  }));
  bool set = false;
  CO_TRY(txn.each(store::kTimers, {}, [&set](store::Timer& timer) {
    set = timer.kind == kAccessLogTimer;
    return !set;
  }));
  if (set) co_return ok;
  CO_TRY(store::Timers::set(txn, next_round(world_.clock.now())));
  co_return co_await txn.commit();
}

void AccessLogs::watch(const std::string& bucket) {
  waiting_.with([&bucket](auto& all) { all.try_emplace(bucket); });
  any_ = true;
}

bool AccessLogs::watches(std::string_view bucket) const {
  if (!any_) return false;
  return waiting_.with([bucket](const auto& all) { return all.contains(bucket); });
}

Task<void> AccessLogs::note(std::string bucket, std::string line) {
  Bytes full;
  waiting_.with([&](auto& all) {
    Bytes& lines = all[bucket];
    lines += line;
    if (lines.size() >= kLinesBytesMax) full.swap(lines);
  });
  if (full.empty()) co_return ok;
  co_return co_await deliver_lines(std::move(bucket), std::move(full));
}

Task<void> AccessLogs::deliver() {
  std::map<std::string, Bytes> due;
  waiting_.with([&due](auto& all) {
    for (auto& [bucket, lines] : all) {
      if (!lines.empty()) due[bucket].swap(lines);
    }
  });
  for (auto& [bucket, lines] : due) {
    CO_TRY(co_await deliver_lines(bucket, std::move(lines)));
  }
  co_return ok;
}

// What cannot be delivered is told, and gone: the platform does not end for want of a log.
Task<void> AccessLogs::deliver_lines(std::string bucket, Bytes lines) {
  Arena arena;
  store::Txn txn = world_.db.begin();
  const ConfigurationId id{bucket, configuration::kLogging};
  CO_TRY(const auto status, find_configuration<api::BucketLoggingStatus>(txn, id, arena));
  const Result<objects::Bucket> source = world_.objects.bucket(bucket);
  if (!status || !status.has_logging_enabled() || !source) co_return ok;
  const api::LoggingEnabled logging = status.logging_enabled();
  for (Batch& batch : batches_of(logging, std::move(lines), world_.clock.now())) {
    objects::ObjectId to;
    to.bucket = logging.target_bucket();
    to.key = key_of(logging, *source, batch.when, world_.random.hex(8));
    const size_t bytes = batch.lines.size();
    const Result<objects::Entry> kept =
        co_await put_lines(&world_.objects, to, std::move(batch.lines));
    if (kept) continue;
    runtime::log(runtime::LogLevel::warning, "s3.access_log_lost",
                 {{"bucket", bucket},
                  {"target", to.bucket},
                  {"bytes", std::to_string(bytes)},
                  {"cause", kept.error().message}});
  }
  co_return ok;
}

Task<void> AccessLogs::round(store::Timer timer) {
  CO_TRY(co_await deliver());
  store::Txn txn = world_.db.begin();
  CO_TRY(store::Timers::finish(txn, timer));
  CO_TRY(store::Timers::set(txn, next_round(world_.clock.now())));
  co_return co_await txn.commit();
}

}  // namespace millrace::s3
