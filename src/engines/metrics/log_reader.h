// LogReader: the lines of one stream in the order of their times, forwards or backwards, a segment
// at a time. Holds what it reads ahead (kReadAhead) and the segments that overlap in time.
// Private to the module; one thread at a time; the transaction outlives it.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engines/metrics/log_rows.h"
#include "store/database.h"

namespace millrace::metrics {

// Where a line stands in its stream. Segments count from 1: {time, 0, 0} is before every line of
// that time, and {time, max, max} behind them.
struct LogPosition {
  Time time = Time::min();
  uint64_t sequence = 0;
  uint64_t index = 0;
  auto operator<=>(const LogPosition&) const = default;

  static constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();
};

// 56 digits: time, sequence, the stream (so that it is unique among streams), index.
std::string to_text(const LogPosition& position, uint64_t stream);
std::optional<LogPosition> parse_position(std::string_view text);

struct LogLine {
  LogPosition at;
  Time ingested{};
  std::string text;
};

// `time` plus `by`, within what Time can hold.
Time shifted(Time time, microseconds by);

class LogReader final {
 public:
  // Forwards: lines behind `from` with times below `bound`.
  static LogReader forwards(store::Txn& txn, uint64_t stream, LogPosition from, Time bound);
  // Backwards: lines before `from` with times not below `bound`, the latest first.
  static LogReader backwards(store::Txn& txn, uint64_t stream, LogPosition from, Time bound);

  // The next line, or nothing at the end. Errors: internal.
  Result<std::optional<LogLine>> next();

 private:
  struct Open {
    LogSegment segment;
    size_t index = 0;  // Of its next line; one more when going backwards.
  };
  LogReader(store::Txn& txn, uint64_t stream, LogPosition from, Time bound, bool forward)
      : txn_(&txn), stream_(stream), from_(from), bound_(bound), forward_(forward) {}

  Result<void> fetch();
  Result<Bytes> first_segment();
  Result<void> fetch_forwards();
  Result<void> fetch_backwards();
  void open_next();
  bool next_may_come_first() const;
  LogPosition position(const Open& open) const;
  bool later(const Open& a, const Open& b) const;
  LogLine take();

  store::Txn* txn_;
  uint64_t stream_;
  LogPosition from_;
  Time bound_;
  bool forward_;
  bool exhausted_ = false;
  Bytes after_;                   // The key of the last row that was fetched.
  std::deque<LogSegment> ahead_;  // By `first` ascending, or by `last` descending.
  std::vector<Open> open_;        // A heap; the next line is that of the first one.
};

}  // namespace millrace::metrics
