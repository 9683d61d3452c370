// The rows of logs. Format: docs/formats/log-segments.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "store/database.h"

namespace millrace::metrics {

struct LogGroup {
  Realm realm;
  std::string name;
  Time created{};
  std::optional<int64_t> retention_days;
  std::map<std::string, std::string> tags;
  std::string kms_key;
  std::string storage_class;  // Empty: the standard one.

  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.name), v(3, self.created), v(4, self.retention_days);
    v(5, self.tags), v(6, self.kms_key), v(7, self.storage_class);
  }
};
inline constexpr store::Table<LogGroup> kLogGroups{"metrics.log_groups"};

struct LogStream {
  Realm realm;
  std::string group, name;
  uint64_t id = 0;  // Of its segments; never used again, also not by a stream of the same name.
  Time created{};
  std::optional<Time> first_event, last_event, last_ingestion;
  int64_t stored_bytes = 0;
  uint64_t next_sequence = 1;  // Of the next segment.
  uint64_t cursor = 0;         // The highest LogEvent::cursor stored.

  using Key = std::tuple<Realm, std::string, std::string>;
  Key key() const { return {realm, group, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.group), v(3, self.name), v(4, self.id), v(5, self.created);
    v(6, self.first_event), v(7, self.last_event), v(8, self.last_ingestion);
    v(9, self.stored_bytes), v(10, self.next_sequence), v(11, self.cursor);
  }
};
inline constexpr store::Table<LogStream> kLogStreams{"metrics.log_streams"};

// Lines that arrived together, in the order of their times, spanning at most kSegmentSpan.
struct LogSegment {
  uint64_t stream = 0;
  Time first{};           // Of its first line.
  uint64_t sequence = 0;  // Of its arrival in the stream.
  Time last{};            // Of its last line.
  Time ingested{};
  std::vector<int64_t> after_us;  // The time of each line, in microseconds after `first`.
  std::vector<std::string> texts;

  using Key = std::tuple<uint64_t, Time, uint64_t>;
  Key key() const { return {stream, first, sequence}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.stream), v(2, self.first), v(3, self.sequence), v(4, self.last), v(5, self.ingested);
    v(6, self.after_us), v(7, self.texts);
  }
};
inline constexpr store::Table<LogSegment> kLogSegments{"metrics.log_segments"};

// The same segments by the times of their last lines: for reading backwards and for expiry.
struct LogSegmentEnd {
  uint64_t stream = 0;
  Time last{};
  uint64_t sequence = 0;
  Time first{};
  int64_t bytes = 0;  // As LogStream::stored_bytes counts them.

  using Key = std::tuple<uint64_t, Time, uint64_t>;
  Key key() const { return {stream, last, sequence}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.stream), v(2, self.last), v(3, self.sequence), v(4, self.first), v(5, self.bytes);
  }
};
inline constexpr store::Table<LogSegmentEnd> kLogSegmentEnds{"metrics.log_segment_ends"};

// A deleted stream whose segments are still to be erased.
struct DoomedStream {
  uint64_t id = 0;

  using Key = std::tuple<uint64_t>;
  Key key() const { return {id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.id);
  }
};
inline constexpr store::Table<DoomedStream> kDoomedStreams{"metrics.doomed_streams"};

}  // namespace millrace::metrics
