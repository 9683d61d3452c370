// Database: tables of rows, changed by optimistic transactions that are durable when commit()
// answers and serializable. Rows live in RocksDB (docs/decisions/0003-state-is-rocksdb.md).
//
// Threads: Database is thread-safe; a Txn belongs to one task at a time and ends before its
// Database does. Reads do not wait for anybody and answer at the moment of the transaction's first
// read; they are short and run on the caller's thread. One writer thread takes all commits that
// wait, checks each against what was committed since its first read, and writes those that pass
// with one sync.
//
// Errors of reads: not_found (get), internal (a damaged row, named; a failing disk).
// Errors of commit(): conflict (a row that was read, or a range that was scanned, has changed: run
// the operation again with a new transaction), invalid (a row beyond limits.h), exhausted (the disk
// is full, or too many commits wait), internal (the disk fails). After `exhausted` or `internal`
// nothing of the transaction can be read; the next commit tries the disk anew.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/clock.h"
#include "runtime/task.h"
#include "store/event.h"
#include "store/faults.h"
#include "store/key.h"
#include "store/limits.h"
#include "store/row.h"

namespace millrace::store {

// A table: its name and what its rows are. Names are `module.noun`; `store.` is the store's own.
template <class Row>
struct Table {
  std::string_view name;
};

// Which rows to scan, in the order of their keys. Empty members do not limit.
struct Range {
  Bytes prefix;      // Only keys that begin with it: key_prefix(realm).
  Bytes after;       // Continues behind this key (before it, in reverse): encode_key(row.key()).
  Bytes from;        // Starts at this key, or at the next there is.
  size_t limit = 0;  // At most so many rows; 0 for all.
  bool reverse = false;
};

struct RawRow {
  Bytes key;
  Bytes value;
};

class Database;

class Txn final {
 public:
  Txn(Txn&&) noexcept;
  Txn& operator=(Txn&&) noexcept;
  ~Txn();  // Without commit() nothing has happened.

  template <class Row>
  Result<std::optional<Row>> find(const Table<Row>& table, const typename Row::Key& key) {
    const Bytes encoded = encode_key(key);
    TRY(std::optional<Bytes> value, get_raw(table.name, encoded));
    if (!value) return std::nullopt;
    TRY(Row row, decode<Row>(table, encoded, *value));
    return row;
  }

  template <class Row>
  Result<Row> get(const Table<Row>& table, const typename Row::Key& key) {
    TRY(std::optional<Row> row, find(table, key));
    if (!row) return absent(table.name, encode_key(key));
    return std::move(*row);
  }

  template <class Row>
  void put(const Table<Row>& table, const Row& row) {
    put_encoded(table.name, encode_key(row.key()), encode_row(row));
  }

  template <class Row>
  void erase(const Table<Row>& table, const typename Row::Key& key) {
    erase_raw(table.name, encode_key(key));
  }

  // Where a walk goes on behind a row.
  struct Step {
    enum class To : uint8_t { next, key, end };
    To to = To::next;
    Bytes key = {};  // Of To::key: the next row is the first whose key is not before it.
  };

  // Calls `visit(Row&) -> Step` for rows of the range, in their order. What is passed over costs
  // one seek, however many rows it has, but counts as read. (limit and reverse do not apply.)
  template <class Row, class Visit>
  Result<void> walk(const Table<Row>& table, const Range& range, Visit visit) {
    std::optional<Error> error;
    TRY(walk_raw(table.name, range, [&](BytesView key, BytesView value) -> Step {
      Result<Row> row = decode<Row>(table, key, value);
      if (row) return visit(*row);
      error = std::move(row).error();
      return {Step::To::end};
    }));
    if (error) return fail(std::move(*error));
    return {};
  }

  // Calls `visit(Row&) -> bool` for each row of the range until it answers false. It may put() and
  // erase(); what it adds ahead of itself is visited.
  template <class Row, class Visit>
  Result<void> each(const Table<Row>& table, const Range& range, Visit visit) {
    std::optional<Error> error;
    TRY(each_raw(table.name, range, [&](BytesView key, BytesView value) {
      Result<Row> row = decode<Row>(table, key, value);
      if (!row) error = std::move(row).error();
      return !error && static_cast<bool>(visit(*row));
    }));
    if (error) return fail(std::move(*error));
    return {};
  }

  template <class Row>
  Result<std::vector<Row>> scan(const Table<Row>& table, const Range& range) {
    std::vector<Row> rows;
    TRY(each(table, range, [&rows](Row& row) {
      rows.push_back(std::move(row));
      return true;
    }));
    return rows;
  }

  // Counts the row as read, without reading it, for who has it from elsewhere (row_cache.h). False,
  // and nothing is counted, where the transaction itself has written the row.
  bool relies_on(std::string_view table, BytesView key);

  // For engines with encodings of their own. Keys do not contain the table's name.
  Result<std::optional<Bytes>> get_raw(std::string_view table, BytesView key);
  void put_raw(std::string_view table, BytesView key, BytesView value) {
    put_encoded(table, key, Bytes(value));
  }
  void put_encoded(std::string_view table, BytesView key, Bytes value);
  void erase_raw(std::string_view table, BytesView key);
  Result<std::vector<RawRow>> scan_raw(std::string_view table, const Range& range);
  Result<void> each_raw(std::string_view table, const Range& range,
                        const std::function<bool(BytesView key, BytesView value)>& visit);
  Result<void> walk_raw(std::string_view table, const Range& range,
                        const std::function<Step(BytesView key, BytesView value)>& visit);

  // Adds an event to the commit. Events of one commit keep their order.
  void emit(Event event);

  // Makes it so; once. The transaction outlives the task. Continues on the awaiting loop (where
  // there is none, on the writer's thread). Without writes and events it does nothing.
  Task<void> commit();

  // The same without the sync: survives the end of the process, not that of the machine. For what
  // can be done again.
  Task<void> commit_lazily();

  struct State;

 private:
  friend class Database;
  explicit Txn(std::unique_ptr<State> state);
  Task<void> commit_with(bool sync);

  static std::unexpected<Error> absent(std::string_view table, BytesView key);
  static std::unexpected<Error> damaged(std::string_view table, BytesView key, const Error& error);

  template <class Row>
  static Result<Row> decode(const Table<Row>& table, BytesView key, BytesView value) {
    Result<Row> row = decode_row<Row>(value);
    if (!row) return damaged(table.name, key, row.error());
    return row;
  }

  std::unique_ptr<State> state_;
};

class Database final {
 public:
  struct Options {
    std::filesystem::path path;       // Made where it is missing.
    runtime::Clock* clock = nullptr;  // The time of events; the machine's where null.
    size_t block_cache_bytes = 8 * 1024 * 1024;
    size_t write_buffer_bytes = 8 * 1024 * 1024;
    std::shared_ptr<FaultPlan> faults = nullptr;  // Tests only.
  };

  // Blocks for some milliseconds. Errors: conflict (another process has it open), exhausted,
  // denied, internal (damaged).
  static Result<std::unique_ptr<Database>> open(Options options);

  ~Database();  // Finishes the commits that wait.
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Txn begin();

  // The sequence of the newest event; 0 where there was none yet.
  uint64_t last_sequence() const;

  // Calls `changed` after each commit that wrote to `table`, on the writer's thread, before the
  // commit is answered and before any transaction counts it as seen: it only notifies. unwatch()
  // returns when it is not being called and will not be again.
  uint64_t watch(std::string table, std::function<void()> changed);
  void unwatch(uint64_t id);

  struct State;

 private:
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace millrace::store
