#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/state.h"

namespace millrace::store {
namespace {

// A key for a message: what can be printed, the rest in hex.
std::string printable(BytesView key) {
  std::string out;
  for (const char c : key.substr(0, 200)) {
    if (c >= ' ' && c <= '~') {
      out.push_back(c);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
    }
  }
  return out;
}

// The keys from `low` up to `high` that a scan goes through, in RocksDB's key space.
KeyRange bounds(std::string_view table, const Range& range) {
  KeyRange keys{full_key(table, range.prefix), {}};
  keys.high = key_after_prefix(keys.low);
  const auto behind = [&](BytesView key) { return full_key(table, key) + '\0'; };
  if (range.reverse) {
    if (!range.after.empty()) keys.high = std::min(keys.high, full_key(table, range.after));
    if (!range.from.empty()) keys.high = std::min(keys.high, behind(range.from));
  } else {
    if (!range.after.empty()) keys.low = std::max(keys.low, behind(range.after));
    if (!range.from.empty()) keys.low = std::max(keys.low, full_key(table, range.from));
  }
  return keys;
}

using Writes = std::map<Bytes, std::optional<Bytes>, std::less<>>;

// Walks the union of a snapshot and of what the transaction has written, which wins. The writes may
// change between two steps.
class Cursor {
 public:
  Cursor(rocksdb::Iterator& rows, const Writes& writes, const KeyRange& keys, bool reverse)
      : rows_(rows), writes_(writes), keys_(keys), reverse_(reverse) {
    if (reverse) {
      rows_.SeekToLast();
    } else {
      rows_.SeekToFirst();
    }
  }

  // Moves to the next row. False at the end; status() then tells whether it was one.
  bool next() {
    for (;;) {
      // Only now: who skips ahead never needs the row in between.
      if (std::exchange(behind_, false)) step();
      const auto written = next_written();
      const bool has_written = written != writes_.end();
      if (!has_written && !rows_.Valid()) return false;
      const int order = !rows_.Valid() ? -1 : !has_written ? 1 : compare(written->first);
      const bool take_written = order <= 0;
      key_ = take_written ? BytesView(written->first) : rows_.key().ToStringView();
      place_.assign(key_);
      moved_ = true;
      target_.reset();
      const bool erased = take_written && !written->second;
      if (!take_written) {
        value_ = rows_.value().ToStringView();
      } else if (written->second) {
        own_value_ = *written->second;  // May be written again while it is looked at.
        value_ = own_value_;
      }
      behind_ = order >= 0;
      if (!erased) return true;
    }
  }

  // Goes on at the first row whose key is not before `key`, which is ahead. Not in reverse.
  void skip_to(Bytes key) {
    ASSERT(!reverse_ && key > place_);
    rows_.Seek(key);
    behind_ = false;
    target_ = std::move(key);
  }

  BytesView key() const { return place_; }
  BytesView value() const { return value_; }

 private:
  // Negative where the written key comes first.
  int compare(const Bytes& written) const {
    const int order = written.compare(rows_.key().ToStringView());
    return reverse_ ? -order : order;
  }

  void step() {
    if (reverse_) {
      rows_.Prev();
    } else {
      rows_.Next();
    }
  }

  // The first written key behind the current place, within the range.
  Writes::const_iterator next_written() const {
    if (writes_.empty()) return writes_.end();
    if (!reverse_) {
      const auto it = target_  ? writes_.lower_bound(*target_)
                      : moved_ ? writes_.upper_bound(place_)
                               : writes_.lower_bound(keys_.low);
      return it != writes_.end() && it->first < keys_.high ? it : writes_.end();
    }
    const auto it = writes_.lower_bound(moved_ ? place_ : keys_.high);
    if (it == writes_.begin()) return writes_.end();
    const auto before = std::prev(it);
    return before->first >= keys_.low ? before : writes_.end();
  }

  rocksdb::Iterator& rows_;
  const Writes& writes_;
  const KeyRange& keys_;
  const bool reverse_;
  BytesView key_;
  Bytes place_;
  std::optional<Bytes> target_;  // Of skip_to(), until next().
  BytesView value_;
  Bytes own_value_;
  bool moved_ = false;
  bool behind_ = false;  // `rows_` still stands at a row that was answered.
};

struct CommitAwaiter {
  PendingCommit commit;
  bool queued = true;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    commit.handle = handle;
    commit.loop = runtime::Loop::current();
    if (commit.txn->database.submit(&commit)) return true;
    queued = false;
    return false;
  }
  void await_resume() const noexcept {}
};

}  // namespace

Bytes full_key(std::string_view table, BytesView key) {
  Bytes full;
  full.reserve(table.size() + 1 + key.size());
  full.append(table).push_back('\0');
  return full.append(key);
}

const rocksdb::Snapshot* Txn::State::view() {
  ASSERT(!ended);
  if (snapshot == nullptr) {
    // In this order: a commit between the two is in the snapshot but counted as later, which at
    // worst is one conflict too many.
    since = database.published.load(std::memory_order_acquire);
    snapshot = database.db->GetSnapshot();
  }
  return snapshot;
}

void Txn::State::release() {
  if (snapshot != nullptr) database.db->ReleaseSnapshot(snapshot);
  snapshot = nullptr;
}

bool Txn::State::erases() const {
  if (size_bytes > kErasingCommitBytesMax) return false;
  return std::ranges::any_of(writes, [](const auto& write) { return !write.second; });
}

void Txn::State::refuse(Error why) {
  if (!refusal) refusal = std::move(why);
}

void Txn::State::write(std::string_view table, BytesView key, std::optional<Bytes> value) {
  ASSERT(!ended);
  if (key.size() > kKeyBytesMax) {
    return refuse({ErrorKind::invalid, fmt::format("a key of {} has {} bytes; at most {}", table,
                                                   key.size(), kKeyBytesMax)});
  }
  if (value && value->size() > kRowBytesMax) {
    return refuse({ErrorKind::invalid, fmt::format("a row of {} has {} bytes; at most {}", table,
                                                   value->size(), kRowBytesMax)});
  }
  size_bytes += key.size() + (value ? value->size() : 0);
  if (size_bytes > kTxnBytesMax) {
    return refuse(
        {ErrorKind::invalid, fmt::format("a transaction writes more than {} bytes", kTxnBytesMax)});
  }
  writes.insert_or_assign(full_key(table, key), std::move(value));
}

Txn::Txn(std::unique_ptr<State> state) : state_(std::move(state)) {}
Txn::Txn(Txn&&) noexcept = default;
Txn& Txn::operator=(Txn&&) noexcept = default;
Txn::~Txn() = default;

Result<std::optional<Bytes>> Txn::get_raw(std::string_view table, BytesView key) {
  Bytes full = full_key(table, key);
  if (const auto it = state_->writes.find(full); it != state_->writes.end()) return it->second;
  rocksdb::ReadOptions read;
  read.snapshot = state_->view();
  Bytes value;
  const rocksdb::Status status = state_->database.db->Get(read, full, &value);
  if (!status.ok() && !status.IsNotFound()) {
    return storage_error(status, fmt::format("read {} {}", table, printable(key)));
  }
  state_->reads.keys.push_back(std::move(full));
  if (status.IsNotFound()) return std::nullopt;
  return value;
}

bool Txn::relies_on(std::string_view table, BytesView key) {
  Bytes full = full_key(table, key);
  if (state_->writes.contains(full)) return false;
  state_->view();
  state_->reads.keys.push_back(std::move(full));
  return true;
}

void Txn::put_encoded(std::string_view table, BytesView key, Bytes value) {
  state_->write(table, key, std::move(value));
}

void Txn::erase_raw(std::string_view table, BytesView key) {
  state_->write(table, key, std::nullopt);
}

Result<void> Txn::each_raw(std::string_view table, const Range& range,
                           const std::function<bool(BytesView, BytesView)>& visit) {
  KeyRange keys = bounds(table, range);
  if (keys.low >= keys.high) return {};
  rocksdb::ReadOptions read;
  read.snapshot = state_->view();
  const rocksdb::Slice low(keys.low);
  const rocksdb::Slice high(keys.high);
  read.iterate_lower_bound = &low;
  read.iterate_upper_bound = &high;
  const std::unique_ptr<rocksdb::Iterator> rows(state_->database.db->NewIterator(read));
  Cursor cursor(*rows, state_->writes, keys, range.reverse);
  size_t visited = 0;
  bool whole = false;
  for (;;) {
    if (!cursor.next()) {
      whole = true;
      break;
    }
    ++visited;
    const BytesView key = cursor.key().substr(table.size() + 1);
    if (!visit(key, cursor.value()) || visited == range.limit) break;
  }
  if (!rows->status().ok()) return storage_error(rows->status(), fmt::format("scan {}", table));
  KeyRange covered = keys;
  if (!whole && range.reverse) covered.low = Bytes(cursor.key());
  if (!whole && !range.reverse) covered.high = Bytes(cursor.key()) + '\0';
  state_->reads.ranges.push_back(std::move(covered));
  return {};
}

Result<void> Txn::walk_raw(std::string_view table, const Range& range,
                           const std::function<Step(BytesView, BytesView)>& visit) {
  ASSERT(!range.reverse && range.limit == 0);
  KeyRange keys = bounds(table, range);
  if (keys.low >= keys.high) return {};
  rocksdb::ReadOptions read;
  read.snapshot = state_->view();
  const rocksdb::Slice low(keys.low);
  const rocksdb::Slice high(keys.high);
  read.iterate_lower_bound = &low;
  read.iterate_upper_bound = &high;
  const std::unique_ptr<rocksdb::Iterator> rows(state_->database.db->NewIterator(read));
  Cursor cursor(*rows, state_->writes, keys, false);
  KeyRange covered = keys;
  while (cursor.next()) {
    Step step = visit(cursor.key().substr(table.size() + 1), cursor.value());
    if (step.to == Step::To::key) cursor.skip_to(full_key(table, step.key));
    if (step.to != Step::To::end) continue;
    covered.high = Bytes(cursor.key()) + '\0';
    break;
  }
  if (!rows->status().ok()) return storage_error(rows->status(), fmt::format("walk {}", table));
  state_->reads.ranges.push_back(std::move(covered));
  return {};
}

Result<std::vector<RawRow>> Txn::scan_raw(std::string_view table, const Range& range) {
  std::vector<RawRow> found;
  TRY(each_raw(table, range, [&found](BytesView key, BytesView value) {
    found.push_back({Bytes(key), Bytes(value)});
    return true;
  }));
  return found;
}

void Txn::emit(Event event) {
  ASSERT(!state_->ended);
  if (event.time == Time{}) event.time = state_->database.now();
  Bytes encoded = encode_row(event);
  state_->size_bytes += encoded.size();
  if (encoded.size() > kRowBytesMax || state_->size_bytes > kTxnBytesMax) {
    return state_->refuse({ErrorKind::invalid, "an event is too large"});
  }
  state_->events.push_back(std::move(encoded));
}

Task<void> Txn::commit() { return commit_with(true); }
Task<void> Txn::commit_lazily() { return commit_with(false); }

Task<void> Txn::commit_with(bool sync) {
  ASSERT(!state_->ended);
  state_->release();
  state_->ended = true;
  if (state_->refusal) co_return fail(*state_->refusal);
  if (state_->writes.empty() && state_->events.empty()) co_return ok;
  CommitAwaiter awaiter{.commit = {.txn = state_.get(), .sync = sync}};
  co_await awaiter;
  if (!awaiter.queued) co_return fail(ErrorKind::exhausted, "too many commits wait");
  co_return std::move(awaiter.commit.answer);
}

std::unexpected<Error> Txn::absent(std::string_view table, BytesView key) {
  return fail(ErrorKind::not_found, fmt::format("{} has no {}", table, printable(key)));
}

std::unexpected<Error> Txn::damaged(std::string_view table, BytesView key, const Error& error) {
  return fail(ErrorKind::internal, fmt::format("{} {}: {}", table, printable(key), error.message));
}

}  // namespace millrace::store
