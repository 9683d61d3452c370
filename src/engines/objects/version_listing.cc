// Listing of versions: the entries of a bucket and its past versions, merged.
#include <algorithm>

#include "engines/objects/groups.h"
#include "engines/objects/versions.h"

namespace millrace::objects {
namespace {

constexpr size_t kPiece = 128;  // Rows that are read ahead.

const Entry& entry_of(const Entry& row) { return row; }
const Entry& entry_of(const PastEntry& row) { return row.entry; }

// Walks over the rows of a range, and over those of a group in one step.
template <class Row>
class Cursor {
 public:
  Cursor(store::Txn& txn, const store::Table<Row>& table, store::Range range)
      : txn_(txn), table_(table), range_(std::move(range)) {
    range_.limit = kPiece;
  }

  // Null at the end.
  Result<const Entry*> peek() {
    if (at_ == rows_.size() && !ended_) {
      TRY(rows_, txn_.scan(table_, range_));
      at_ = 0;
      ended_ = rows_.size() < kPiece;
      if (!rows_.empty()) range_.after = store::encode_key(rows_.back().key());
      range_.from.clear();
    }
    return at_ == rows_.size() ? nullptr : &entry_of(rows_[at_]);
  }
  void pop() { ++at_; }
  void skip_to(const Bytes& from) {
    while (at_ < rows_.size() && store::encode_key(rows_[at_].key()) < from) ++at_;
    if (at_ != rows_.size() || ended_) return;
    range_.after.clear();
    range_.from = from;
  }

 private:
  store::Txn& txn_;
  const store::Table<Row>& table_;
  store::Range range_;
  std::vector<Row> rows_;
  size_t at_ = 0;
  bool ended_ = false;
};

// Where the walks over both tables begin.
struct Start {
  store::Range entries;
  store::Range past;
};

Result<Start> start_of(store::Txn& txn, const ListVersionsRequest& request) {
  const Bytes all = store::key_prefix(request.bucket, store::StartsWith{request.prefix});
  Start out{{.prefix = all}, {.prefix = all}};
  if (request.after_key.empty()) return out;
  if (is_group(request.after_key, request.prefix, request.delimiter)) {
    out.entries.from = behind_group(request.bucket, request.after_key);
    out.past.from = out.entries.from;
    return out;
  }
  const Bytes key = store::key_prefix(request.bucket, request.after_key);
  out.entries.after = key;
  out.past.from = store::key_after_prefix(key);
  if (request.after_version.empty()) return out;
  std::optional<uint64_t> sequence = sequence_of(request.after_version);
  if (request.after_version == kUnnamedVersion) {
    TRY(const auto named, locate(txn, {request.bucket, request.after_key, request.after_version}));
    // Without it, all versions of the key are listed, some perhaps again.
    sequence = named ? named->entry.sequence : UINT64_MAX;
  }
  if (!sequence) return fail(ErrorKind::invalid, "no version is called that");
  out.past.from.clear();
  out.past.after = store::key_prefix(request.bucket, request.after_key, ~*sequence);
  TRY(const std::optional<Entry> current, txn.find(kEntries, {request.bucket, request.after_key}));
  if (current && current->sequence < *sequence) {
    out.entries.after.clear();
    out.entries.from = key;
  }
  return out;
}

class Merge {
 public:
  Merge(store::Txn& txn, Start start)
      : entries_(txn, kEntries, std::move(start.entries)),
        past_(txn, kVersions, std::move(start.past)) {}

  // The next version; null at the end. Of one key, what kEntries has comes first.
  Result<const Entry*> peek() {
    TRY(const Entry* const entry, entries_.peek());
    TRY(const Entry* const past, past_.peek());
    from_entries_ = entry != nullptr && (past == nullptr || entry->object_key <= past->object_key);
    return from_entries_ ? entry : past;
  }
  void pop() { from_entries_ ? entries_.pop() : past_.pop(); }
  bool from_entries() const { return from_entries_; }
  void skip_to(const Bytes& from) {
    entries_.skip_to(from);
    past_.skip_to(from);
  }

 private:
  Cursor<Entry> entries_;
  Cursor<PastEntry> past_;
  bool from_entries_ = false;
};

// Whether a past version is the newest of its key, which then has nothing in kEntries.
Result<bool> is_newest(store::Txn& txn, const Entry& past) {
  if (!past.marker) return false;
  TRY(const std::optional<Entry> current, txn.find(kEntries, past.key()));
  TRY(const std::optional<Entry> newest, newest_of(txn, past.key(), current));
  return newest && newest->sequence == past.sequence;
}

}  // namespace

Result<VersionListing> Objects::versions(const ListVersionsRequest& request) const {
  store::Txn txn = state_->world.db.begin();
  TRY(get_bucket(txn, request.bucket));
  TRY(Start start, start_of(txn, request));
  Merge merge(txn, std::move(start));
  VersionListing out;
  const size_t limit = std::min(request.limit, state_->limits.page_max);
  if (limit == 0) return out;
  for (;;) {
    TRY(const Entry* const next, merge.peek());
    if (next == nullptr) return out;
    if (out.versions.size() + out.groups.size() == limit) {
      out.truncated = true;
      return out;
    }
    std::optional<std::string> group =
        group_of(next->object_key, request.prefix, request.delimiter);
    if (group) {
      merge.skip_to(behind_group(request.bucket, *group));
      out.last_key = *group;
      out.last_version.clear();
      out.groups.push_back(std::move(*group));
      continue;
    }
    // Only the first version of a key can be its newest.
    bool newest = merge.from_entries();
    if (!newest && next->object_key != out.last_key) {
      TRY(newest, is_newest(txn, *next));
    }
    out.last_key = next->object_key;
    out.last_version = version_name(*next);
    out.versions.push_back({*next, newest});
    merge.pop();
  }
}

}  // namespace millrace::objects
