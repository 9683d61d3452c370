#include <algorithm>
#include <limits>

#include "engines/metrics/limits.h"
#include "engines/metrics/log_pattern.h"
#include "engines/metrics/log_reader.h"
#include "engines/metrics/logs.h"

namespace millrace::metrics {
namespace {

constexpr std::chrono::hours kDay{24};

// The begin of what is read: the query's, but nothing that has expired.
Time floor_of(const LogGroup& group, std::optional<Time> start, Time now) {
  Time floor = start.value_or(Time::min());
  if (group.retention_days) floor = std::max(floor, Time(now - kDay * *group.retention_days));
  return floor;
}

StoredEvent stored(LogLine line, const LogStream& stream) {
  return {.stream = stream.name,
          .time = line.at.time,
          .ingested = line.ingested,
          .text = std::move(line.text),
          .position = to_text(line.at, stream.id)};
}

std::unexpected<Error> bad_token() {
  return fail(ErrorKind::invalid, "The specified nextToken is invalid.");
}

struct Place {
  bool forward = false;
  std::optional<LogPosition> position;
};

// "f/<position>" or "b/<position>".
Result<Place> place_of(const ReadQuery& query) {
  if (query.position.empty()) return Place{query.from_head, {}};
  const bool forward = query.position.starts_with("f/");
  if (!forward && !query.position.starts_with("b/")) return bad_token();
  const auto position = parse_position(std::string_view(query.position).substr(2));
  if (!position) return bad_token();
  return Place{forward, position};
}

}  // namespace

Result<EventPage> Logs::read(const ReadQuery& query) {
  TRY(const Place place, place_of(query));
  TRY(const LogGroup in, group(query.realm, query.group));
  TRY(const LogStream from, stream(query.realm, query.group, query.stream));
  store::Txn txn = db_.begin();
  const Time floor = floor_of(in, query.start, clock_.now());
  const LogPosition begin{floor, 0, 0};
  LogPosition end{Time::max(), LogPosition::kLast, LogPosition::kLast};
  if (query.end) end = {*query.end, 0, 0};
  LogReader reader =
      place.forward
          ? LogReader::forwards(txn, from.id, std::max(begin, place.position.value_or(begin)),
                                query.end.value_or(Time::max()))
          : LogReader::backwards(txn, from.id, std::min(end, place.position.value_or(end)), floor);
  EventPage page;
  LogPosition first = place.position.value_or(LogPosition{});
  LogPosition last = first;
  size_t bytes = 0;
  while (page.events.size() < query.limit) {
    TRY(std::optional<LogLine> line, reader.next());
    if (!line) break;
    bytes += line->text.size() + kLineOverhead;
    if (bytes > query.bytes_max && !page.events.empty()) break;
    if (page.events.empty()) first = line->at;
    last = line->at;
    page.events.push_back(stored(std::move(*line), from));
  }
  if (!place.forward) {
    std::ranges::reverse(page.events);
    std::swap(first, last);
  }
  page.forward = "f/" + to_text(last, from.id);
  page.backward = "b/" + to_text(first, from.id);
  return page;
}

namespace {

// A stream under a filter: opened when its time has come.
struct Source {
  LogStream stream;
  LogPosition from;
  Time at{};  // Of its next line, or a time before it.
  std::optional<LogReader> reader;
  std::optional<LogLine> head;
};

bool comes_later(const Source& a, const Source& b) {
  if (a.at != b.at) return a.at > b.at;
  return a.stream.name > b.stream.name;
}

// Where a page ended: over all streams lines are ordered by time, then the stream's name, then
// their positions.
struct FilterMark {
  LogPosition at;
  std::string stream;
};

std::string to_text(const FilterMark& mark) {
  return to_hex(store::key_prefix(mark.at.time, mark.stream, mark.at.sequence, mark.at.index));
}

Result<std::optional<FilterMark>> parse_mark(const std::string& text) {
  if (text.empty()) return std::nullopt;
  Bytes key;
  if (!from_hex(text, key)) return bad_token();
  FilterMark mark;
  BytesView rest = key;
  if (!store::take_key_part(rest, mark.at.time) || !store::take_key_part(rest, mark.stream) ||
      !store::take_key_part(rest, mark.at.sequence) || !store::take_key_part(rest, mark.at.index) ||
      !rest.empty()) {
    return bad_token();
  }
  return mark;
}

LogPosition begin_in(const std::string& stream, const std::optional<FilterMark>& mark, Time floor) {
  const LogPosition begin{floor, 0, 0};
  if (!mark) return begin;
  if (stream == mark->stream) return std::max(begin, mark->at);
  const uint64_t rest = stream < mark->stream ? LogPosition::kLast : 0;
  return std::max(begin, LogPosition{mark->at.time, rest, rest});
}

class Filter {
 public:
  Filter(store::Txn& txn, const FilterQuery& query, Time floor, std::optional<FilterMark> mark)
      : txn_(txn), query_(query), floor_(floor), mark_(std::move(mark)) {}

  void add(LogStream stream) {
    const LogPosition from = begin_in(stream.name, mark_, floor_);
    if (!stream.first_event || *stream.last_event < from.time || *stream.first_event >= end()) {
      return;
    }
    const Time at = std::max(from.time, *stream.first_event);
    sources_.push_back({std::move(stream), from, at, {}, {}});
    std::ranges::push_heap(sources_, comes_later);
  }

  Result<FilterPage> run() {
    FilterPage page;
    size_t answered = 0;
    size_t scanned = 0;
    while (!sources_.empty()) {
      std::ranges::pop_heap(sources_, comes_later);
      Source& source = sources_.back();
      if (source.head) {
        const size_t size = source.head->text.size() + kLineOverhead;
        const bool wanted = query_.pattern == nullptr || query_.pattern->matches(source.head->text);
        const bool full = page.events.size() >= query_.limit ||
                          (answered + size > query_.bytes_max && !page.events.empty());
        if ((wanted && full) || scanned > kFilterScanBytes) {
          page.next = mark_ ? to_text(*mark_) : "";
          return page;
        }
        scanned += size;
        mark_ = FilterMark{source.head->at, source.stream.name};
        if (wanted) {
          answered += size;
          page.events.push_back(stored(std::move(*source.head), source.stream));
        }
      }
      TRY(advance());
    }
    return page;
  }

 private:
  Time end() const { return query_.end.value_or(Time::max()); }

  // Reads the next line of the last source, and puts it back in its place or drops it.
  Result<void> advance() {
    Source& source = sources_.back();
    if (!source.reader) {
      source.reader = LogReader::forwards(txn_, source.stream.id, source.from, end());
    }
    TRY(source.head, source.reader->next());
    if (!source.head) {
      sources_.pop_back();
      return {};
    }
    source.at = source.head->at.time;
    std::ranges::push_heap(sources_, comes_later);
    return {};
  }

  store::Txn& txn_;
  const FilterQuery& query_;
  Time floor_;
  std::optional<FilterMark> mark_;  // Behind the last line that was looked at.
  std::vector<Source> sources_;     // A heap.
};

}  // namespace

Result<FilterPage> Logs::filter(const FilterQuery& query) {
  TRY(std::optional<FilterMark> mark, parse_mark(query.after));
  TRY(const LogGroup in, group(query.realm, query.group));
  store::Txn txn = db_.begin();
  Filter filter(txn, query, floor_of(in, query.start, clock_.now()), std::move(mark));
  if (!query.streams.empty()) {
    std::vector<std::string> names = query.streams;
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    for (const std::string& name : names) {
      TRY(std::optional<LogStream> found, txn.find(kLogStreams, {query.realm, query.group, name}));
      if (!found) return fail(ErrorKind::not_found, std::string(kNoSuchStream));
      filter.add(std::move(*found));
    }
  } else {
    const store::Range range{
        .prefix = store::key_prefix(query.realm, query.group, store::StartsWith{query.prefix})};
    TRY(txn.each(kLogStreams, range, [&filter](LogStream& found) {
      filter.add(std::move(found));
      return true;
    }));
  }
  return filter.run();
}

}  // namespace millrace::metrics
