// Logs: groups of streams of lines, each line with its time.
//
// A line is durable when append() answers. Lines are read in the order of their times, and of
// their arrival where times are equal. A group may have a retention: what is older is not read any
// more, and is swept. State is in the store only (docs/formats/log-segments.md); `db`, `clock` and
// `random` outlive this object. Knows nothing of HTTP or AWS.
//
// Threads: thread-safe. Reads answer on the caller's thread and hold one page and
// the segments that overlap in time; writes are one transaction each, run again on a conflict.
// Errors: not_found (the group or the stream, told by the message), already_exists, invalid (a
// position or a pattern that cannot be read; too much at once), exhausted and internal (the disk).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "engines/metrics/log_rows.h"
#include "runtime/clock.h"
#include "runtime/nursery.h"
#include "runtime/random.h"
#include "runtime/task.h"
#include "store/database.h"

namespace millrace::metrics {

class LogPattern;

inline constexpr std::string_view kNoSuchGroup = "The specified log group does not exist.";
inline constexpr std::string_view kNoSuchStream = "The specified log stream does not exist.";

struct LogEvent {
  Time time{};
  std::string text;
  // Where the writer stands behind this line, for a writer that may send a line again: a line whose
  // cursor is not above the stream's stored one is dropped. 0: always kept.
  uint64_t cursor = 0;
};

struct AppendOptions {
  bool create = false;  // Makes the group and the stream where they are missing.
};

struct StoredEvent {
  std::string stream;
  Time time{};
  Time ingested{};
  std::string text;
  std::string position;  // Where it stands; opaque, unique within its group.
};

struct LogGroupInfo {
  LogGroup group;
  int64_t stored_bytes = 0;
};

struct GroupQuery {
  Realm realm;
  std::string prefix;    // Names that begin with it.
  std::string contains;  // Names that contain it.
  std::string after;     // Continues behind this name.
  size_t limit = 50;
};

struct GroupPage {
  std::vector<LogGroupInfo> groups;
  bool more = false;
};

struct StreamQuery {
  Realm realm;
  std::string group;
  std::string prefix;
  bool by_last_event = false;  // Else by name.
  bool descending = false;
  std::string after;  // StreamPage::next of the page before.
  size_t limit = 50;
};

struct StreamPage {
  std::vector<LogStream> streams;
  std::string next;  // Empty at the end.
};

struct ReadQuery {
  Realm realm;
  std::string group;
  std::string stream;
  std::optional<Time> start;  // Lines at or after it.
  std::optional<Time> end;    // Lines before it.
  bool from_head = false;     // Without a position: the oldest lines first, else the newest.
  // EventPage::forward or ::backward of an earlier page. Empty: begins anew.
  std::string position;
  size_t limit = 10'000;
  size_t bytes_max = 1024 * 1024;
};

// A page, in the order of times. The positions are never empty: `forward` continues behind the last
// line (and is the same again when there is nothing behind it), `backward` before the first.
struct EventPage {
  std::vector<StoredEvent> events;
  std::string forward;
  std::string backward;
};

struct FilterQuery {
  Realm realm;
  std::string group;
  std::vector<std::string> streams;  // Empty: all, or those of the prefix.
  std::string prefix;
  std::optional<Time> start;
  std::optional<Time> end;
  const LogPattern* pattern = nullptr;  // Null: every line.
  std::string after;                    // FilterPage::next of the page before.
  size_t limit = 10'000;
  size_t bytes_max = 1024 * 1024;
};

struct FilterPage {
  std::vector<StoredEvent> events;  // By time, over all streams.
  std::string next;                 // Empty at the end. A page may be empty and yet not the last.
};

class Logs final {
 public:
  Logs(store::Database& db, runtime::Clock& clock, runtime::Random& random);
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;

  // Sweeps what was deleted and what has expired: once at the start and then every kSweepPeriod.
  void start(runtime::Nursery& nursery);
  // One such pass; for tests.
  Task<void> sweep();

  // The time of its creation is set here.
  Task<void> create_group(LogGroup group);
  Task<void> delete_group(Realm realm, std::string name);
  // Nothing: kept for ever.
  Task<void> set_retention(Realm realm, std::string name, std::optional<int64_t> days);
  Task<void> change_tags(Realm realm, std::string name, std::map<std::string, std::string> set,
                         std::vector<std::string> removed);
  Result<LogGroup> group(const Realm& realm, const std::string& name);
  Result<GroupPage> groups(const GroupQuery& query);

  Task<void> create_stream(Realm realm, std::string group, std::string stream);
  Task<void> delete_stream(Realm realm, std::string group, std::string stream);
  Result<LogStream> stream(const Realm& realm, const std::string& group, const std::string& stream);
  Result<StreamPage> streams(const StreamQuery& query);

  // Appends the lines, in any order of times, in one transaction. Answers how many were new.
  // Errors: not_found (without options.create), invalid (more than kAppendEventsMax lines or
  // kAppendBytesMax bytes).
  Task<size_t> append(Realm realm, std::string group, std::string stream,
                      std::vector<LogEvent> events, AppendOptions options);

  // One stream, a page at a time, forwards or backwards.
  Result<EventPage> read(const ReadQuery& query);
  // The lines of a group's streams that match, a page at a time, forwards.
  Result<FilterPage> filter(const FilterQuery& query);

 private:
  Task<void> sweep_for_ever(std::stop_token stop);
  Task<bool> erase_doomed();
  Task<bool> erase_expired(LogStream stream, Time before);

  store::Database& db_;
  runtime::Clock& clock_;
  runtime::Random& random_;
};

}  // namespace millrace::metrics
