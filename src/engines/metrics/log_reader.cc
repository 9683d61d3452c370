#include "engines/metrics/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engines/metrics/limits.h"

namespace millrace::metrics {
namespace {

constexpr uint64_t kSign = 1ULL << 63;
constexpr uint64_t kStreamDigits = 10'000'000'000;
constexpr uint64_t kIndexDigits = 1'000'000;
static_assert(kAppendEventsMax < kIndexDigits);

Time segment_time(const LogSegment& segment, size_t index) {
  return segment.first + microseconds(segment.after_us[index]);
}

size_t bytes_of(const LogSegment& segment) {
  size_t bytes = 0;
  for (const std::string& text : segment.texts) bytes += text.size() + kLineOverhead;
  return bytes;
}

bool whole(const LogSegment& segment) {
  return !segment.texts.empty() && segment.texts.size() == segment.after_us.size();
}

std::unexpected<Error> damaged(uint64_t stream) {
  return fail(ErrorKind::internal, fmt::format("a segment of log stream {} is damaged", stream));
}

}  // namespace

Time shifted(Time time, microseconds by) {
  if (by.count() > 0 && time > Time::max() - by) return Time::max();
  if (by.count() < 0 && time < Time::min() - by) return Time::min();
  return time + by;
}

std::string to_text(const LogPosition& position, uint64_t stream) {
  const uint64_t time = static_cast<uint64_t>(position.time.time_since_epoch().count()) ^ kSign;
  return fmt::format("{:020}{:020}{:010}{:06}", time, position.sequence, stream % kStreamDigits,
                     position.index % kIndexDigits);
}

std::optional<LogPosition> parse_position(std::string_view text) {
  if (text.size() != 56 || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  const auto number = [text](size_t from, size_t digits, uint64_t& out) {
    const char* begin = text.data() + from;
    return std::from_chars(begin, begin + digits, out).ec == std::errc{};
  };
  uint64_t time = 0;
  LogPosition out;
  if (!number(0, 20, time) || !number(20, 20, out.sequence) || !number(50, 6, out.index)) {
    return std::nullopt;
  }
  out.time = Time(microseconds(static_cast<int64_t>(time ^ kSign)));
  return out;
}

LogReader LogReader::forwards(store::Txn& txn, uint64_t stream, LogPosition from, Time bound) {
  return {txn, stream, from, bound, true};
}

LogReader LogReader::backwards(store::Txn& txn, uint64_t stream, LogPosition from, Time bound) {
  return {txn, stream, from, bound, false};
}

Result<std::optional<LogLine>> LogReader::next() {
  while (true) {
    if (ahead_.empty() && !exhausted_) TRY(fetch());
    if (!open_.empty() && !next_may_come_first()) {
      LogLine line = take();
      const bool inside = forward_ ? line.at.time < bound_ : line.at.time >= bound_;
      if (inside) return line;
      open_.clear();
      ahead_.clear();
      exhausted_ = true;
      return std::nullopt;
    }
    if (!ahead_.empty()) {
      open_next();
    } else if (exhausted_ && open_.empty()) {
      return std::nullopt;
    }
  }
}

Result<void> LogReader::fetch() { return forward_ ? fetch_forwards() : fetch_backwards(); }

// Where to begin, so that no segment with lines behind `from_` is missed: none spans more than
// kSegmentSpan, and the table of ends tells which of the earlier ones have not ended before.
Result<Bytes> LogReader::first_segment() {
  Time first = from_.time;
  const Time through = shifted(from_.time, kSegmentSpan);
  const store::Range range{.prefix = store::key_prefix(stream_),
                           .from = store::encode_key(LogSegmentEnd::Key{stream_, from_.time, 0})};
  TRY(txn_->each(kLogSegmentEnds, range, [&first, through](LogSegmentEnd& end) {
    first = std::min(first, end.first);
    return end.last <= through;
  }));
  return store::encode_key(LogSegment::Key{stream_, first, 0});
}

Result<void> LogReader::fetch_forwards() {
  store::Range range{.prefix = store::key_prefix(stream_), .after = after_};
  if (after_.empty()) {
    TRY(range.from, first_segment());
  }
  size_t bytes = 0;
  bool stopped = false;
  bool bad = false;
  TRY(txn_->each(kLogSegments, range, [&](LogSegment& segment) {
    bad = !whole(segment);
    stopped = bad || segment.first >= bound_;
    if (stopped) return false;
    after_ = store::encode_key(segment.key());
    if (segment.last < from_.time) return true;
    bytes += bytes_of(segment);
    ahead_.push_back(std::move(segment));
    return bytes < kReadAhead && ahead_.size() < kReadAheadRows;
  }));
  if (bad) return damaged(stream_);
  exhausted_ = stopped || (bytes < kReadAhead && ahead_.size() < kReadAheadRows);
  return {};
}

Result<void> LogReader::fetch_backwards() {
  const Time from = shifted(from_.time, kSegmentSpan);
  store::Range range{.prefix = store::key_prefix(stream_), .after = after_, .reverse = true};
  if (after_.empty()) {
    range.from = store::encode_key(LogSegmentEnd::Key{stream_, from, LogPosition::kLast});
  }
  std::vector<LogSegmentEnd> ends;
  size_t bytes = 0;
  bool stopped = false;
  TRY(txn_->each(kLogSegmentEnds, range, [&](LogSegmentEnd& end) {
    stopped = end.last < bound_;
    if (stopped) return false;
    after_ = store::encode_key(end.key());
    if (end.first > from_.time) return true;
    bytes += static_cast<size_t>(std::max<int64_t>(0, end.bytes));
    ends.push_back(end);
    return bytes < kReadAhead && ends.size() < kReadAheadRows;
  }));
  exhausted_ = stopped || (bytes < kReadAhead && ends.size() < kReadAheadRows);
  for (const LogSegmentEnd& end : ends) {
    TRY(LogSegment segment, txn_->get(kLogSegments, {end.stream, end.first, end.sequence}));
    if (!whole(segment)) return damaged(stream_);
    ahead_.push_back(std::move(segment));
  }
  return {};
}

// Whether a segment that is not open may hold a line before the next one of those that are.
bool LogReader::next_may_come_first() const {
  if (ahead_.empty()) return false;
  const Time time = position(open_.front()).time;
  return forward_ ? ahead_.front().first <= time : ahead_.front().last >= time;
}

void LogReader::open_next() {
  Open open{std::move(ahead_.front()), 0};
  ahead_.pop_front();
  const size_t size = open.segment.texts.size();
  if (forward_) {
    while (open.index < size && position(open) <= from_) ++open.index;
    if (open.index == size) return;
  } else {
    open.index = size;
    while (open.index > 0 && position(open) >= from_) --open.index;
    if (open.index == 0) return;
  }
  open_.push_back(std::move(open));
  std::ranges::push_heap(open_, [this](const Open& a, const Open& b) { return later(a, b); });
}

LogPosition LogReader::position(const Open& open) const {
  const size_t index = forward_ ? open.index : open.index - 1;
  return {segment_time(open.segment, index), open.segment.sequence, index};
}

bool LogReader::later(const Open& a, const Open& b) const {
  return forward_ ? position(a) > position(b) : position(a) < position(b);
}

LogLine LogReader::take() {
  const auto order = [this](const Open& a, const Open& b) { return later(a, b); };
  std::ranges::pop_heap(open_, order);
  Open& open = open_.back();
  const LogPosition at = position(open);
  LogLine line{at, open.segment.ingested, std::move(open.segment.texts[at.index])};
  const bool ended = forward_ ? ++open.index == open.segment.texts.size() : --open.index == 0;
  if (ended) {
    open_.pop_back();
  } else {
    std::ranges::push_heap(open_, order);
  }
  return line;
}

}  // namespace millrace::metrics
