#include "engines/metrics/limits.h"
#include "engines/metrics/logs.h"
#include "runtime/log.h"

namespace millrace::metrics {
namespace {

constexpr std::chrono::hours kDay{24};

}  // namespace

void Logs::start(runtime::Nursery& nursery) { nursery.spawn(sweep_for_ever(nursery.stop_token())); }

Task<void> Logs::sweep_for_ever(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const Result<void> swept = co_await sweep();
    if (!swept && swept.error().kind != ErrorKind::conflict) {
      runtime::log(runtime::LogLevel::warning, "logs.sweep_failed",
                   {{"cause", swept.error().message}});
    }
    if (!co_await clock_.sleep_for(kSweepPeriod, stop)) break;
  }
  co_return ok;
}

Task<void> Logs::sweep() {
  while (true) {
    CO_TRY(const bool more, co_await erase_doomed());
    if (!more) break;
  }
  std::vector<LogGroup> expiring;
  {
    store::Txn txn = db_.begin();
    CO_TRY(txn.each(kLogGroups, {}, [&expiring](LogGroup& group) {
      if (group.retention_days) expiring.push_back(std::move(group));
      return true;
    }));
  }
  for (const LogGroup& group : expiring) {
    const Time before = clock_.now() - kDay * *group.retention_days;
    store::Txn txn = db_.begin();
    const store::Range range{.prefix = store::key_prefix(group.realm, group.name)};
    CO_TRY(const std::vector<LogStream> streams, txn.scan(kLogStreams, range));
    for (const LogStream& stream : streams) {
      if (!stream.first_event || *stream.first_event >= before) continue;
      while (true) {
        CO_TRY(const bool more, co_await erase_expired(stream, before));
        if (!more) break;
      }
    }
  }
  co_return ok;
}

// Erases some segments of a deleted stream. False when there is no deleted stream left.
Task<bool> Logs::erase_doomed() {
  store::Txn txn = db_.begin();
  CO_TRY(const std::vector<DoomedStream> doomed, txn.scan(kDoomedStreams, {.limit = 1}));
  if (doomed.empty()) co_return false;
  const store::Range range{.prefix = store::key_prefix(doomed[0].id), .limit = kSweepRows};
  CO_TRY(const std::vector<LogSegmentEnd> ends, txn.scan(kLogSegmentEnds, range));
  for (const LogSegmentEnd& end : ends) {
    txn.erase(kLogSegments, {end.stream, end.first, end.sequence});
    txn.erase(kLogSegmentEnds, end.key());
  }
  if (ends.size() < kSweepRows) txn.erase(kDoomedStreams, doomed[0].key());
  CO_TRY(co_await txn.commit());
  co_return true;
}

// Erases some segments of which every line is older than `before`. False when there is none left.
Task<bool> Logs::erase_expired(LogStream stream, Time before) {
  store::Txn txn = db_.begin();
  CO_TRY(std::optional<LogStream> row, txn.find(kLogStreams, stream.key()));
  if (!row || row->id != stream.id) co_return false;
  std::vector<LogSegmentEnd> old;
  const store::Range range{.prefix = store::key_prefix(row->id), .limit = kSweepRows};
  CO_TRY(txn.each(kLogSegmentEnds, range, [&old, before](LogSegmentEnd& end) {
    if (end.last < before) old.push_back(end);
    return end.last < before;
  }));
  for (const LogSegmentEnd& end : old) {
    txn.erase(kLogSegments, {end.stream, end.first, end.sequence});
    txn.erase(kLogSegmentEnds, end.key());
    row->stored_bytes -= end.bytes;
  }
  if (old.empty()) co_return false;
  const store::Range left{.prefix = store::key_prefix(row->id), .limit = 1};
  CO_TRY(const std::vector<LogSegment> first, txn.scan(kLogSegments, left));
  row->first_event = first.empty() ? std::optional<Time>() : std::optional<Time>(first[0].first);
  if (first.empty()) row->last_event.reset();
  txn.put(kLogStreams, *row);
  CO_TRY(co_await txn.commit());
  co_return old.size() == kSweepRows;
}

}  // namespace millrace::metrics
