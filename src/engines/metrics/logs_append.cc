#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engines/metrics/limits.h"
#include "engines/metrics/logs.h"

namespace millrace::metrics {
namespace {

int64_t size_of(const LogEvent& event) {
  return static_cast<int64_t>(event.text.size() + kLineOverhead);
}

// Puts the lines, which are in order, as segments of `stream`, and counts them in its row.
size_t put_segments(store::Txn& txn, LogStream& stream, const std::vector<LogEvent>& events,
                    Time now) {
  const uint64_t known = stream.cursor;
  size_t added = 0;
  LogSegment segment;
  int64_t bytes = 0;
  const auto put = [&] {
    if (segment.texts.empty()) return;
    const LogSegmentEnd end{.stream = segment.stream,
                            .last = segment.last,
                            .sequence = segment.sequence,
                            .first = segment.first,
                            .bytes = bytes};
    txn.put(kLogSegments, segment);
    txn.put(kLogSegmentEnds, end);
    stream.stored_bytes += bytes;
    stream.first_event = std::min(stream.first_event.value_or(segment.first), segment.first);
    stream.last_event = std::max(stream.last_event.value_or(segment.last), segment.last);
    segment = LogSegment{};
    bytes = 0;
  };
  for (const LogEvent& event : events) {
    if (event.cursor != 0 && event.cursor <= known) continue;
    stream.cursor = std::max(stream.cursor, event.cursor);
    if (!segment.texts.empty() && (event.time - segment.first > kSegmentSpan ||
                                   bytes + size_of(event) > int64_t{kSegmentBytesMax})) {
      put();
    }
    if (segment.texts.empty()) {
      segment.stream = stream.id;
      segment.sequence = stream.next_sequence++;
      segment.first = event.time;
      segment.ingested = now;
    }
    segment.last = event.time;
    segment.after_us.push_back((event.time - segment.first).count());
    segment.texts.push_back(event.text);
    bytes += size_of(event);
    ++added;
  }
  put();
  if (added > 0) stream.last_ingestion = now;
  return added;
}

Result<void> admit(const std::vector<LogEvent>& events) {
  size_t bytes = 0;
  for (const LogEvent& event : events) bytes += event.text.size() + kLineOverhead;
  if (events.size() <= kAppendEventsMax && bytes <= kAppendBytesMax) return {};
  return fail(ErrorKind::invalid, fmt::format("{} lines of {} bytes are too much for one append",
                                              events.size(), bytes));
}

// The stream to append to. `created` tells that it, or its group, is not in the store yet.
Result<LogStream> stream_for_append(store::Txn& txn, const LogStream& wanted, bool create,
                                    bool& created) {
  TRY(const std::optional<LogGroup> group, txn.find(kLogGroups, {wanted.realm, wanted.group}));
  if (!group) {
    if (!create) return fail(ErrorKind::not_found, std::string(kNoSuchGroup));
    created = true;
    txn.put(kLogGroups,
            LogGroup{.realm = wanted.realm, .name = wanted.group, .created = wanted.created});
  }
  TRY(std::optional<LogStream> stream, txn.find(kLogStreams, wanted.key()));
  if (stream) return std::move(*stream);
  if (!create) return fail(ErrorKind::not_found, std::string(kNoSuchStream));
  created = true;
  return wanted;
}

// Keeps the order of arrival among equal times.
void sort_by_time(std::vector<LogEvent>& events) {
  if (std::ranges::is_sorted(events, {}, &LogEvent::time)) return;
  std::vector<std::pair<Time, size_t>> order;
  for (size_t i = 0; i < events.size(); ++i) order.emplace_back(events[i].time, i);
  std::ranges::sort(order);
  std::vector<LogEvent> sorted;
  sorted.reserve(events.size());
  for (const auto& [time, i] : order) sorted.push_back(std::move(events[i]));
  events = std::move(sorted);
}

}  // namespace

Task<size_t> Logs::append(Realm realm, std::string group, std::string stream,
                          std::vector<LogEvent> events, AppendOptions options) {
  CO_TRY(admit(events));
  sort_by_time(events);
  LogStream wanted{.realm = std::move(realm), .group = std::move(group), .name = std::move(stream)};
  wanted.created = clock_.now();
  wanted.id = random_.next();
  for (int tries = 0;; ++tries) {
    store::Txn txn = db_.begin();
    bool created = false;
    CO_TRY(LogStream row, stream_for_append(txn, wanted, options.create, created));
    const size_t added = put_segments(txn, row, events, clock_.now());
    if (added == 0 && !created) co_return size_t{0};
    txn.put(kLogStreams, row);
    Result<void> done = co_await txn.commit();
    if (done) co_return added;
    if (done.error().kind != ErrorKind::conflict || tries >= kConflictRetries) {
      co_return fail(std::move(done).error());
    }
  }
}

}  // namespace millrace::metrics
