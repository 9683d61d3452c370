// What Database and Txn are made of. Private to the module: it includes RocksDB.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/locked.h"
#include "runtime/loop.h"
#include "runtime/pool.h"
#include "store/conflict_log.h"
#include "store/database.h"
#include "store/outbox.h"
#include "store/rocks_clock.h"
#include "store/rocks_files.h"
#include "store/row_watcher.h"

namespace millrace::store {

// What RocksDB allocates at once for a memtable.
inline size_t arena_block_bytes(const Database::Options& options) {
  return std::min<size_t>(size_t{128} * 1024, options.write_buffer_bytes / 8);
}

// The key of a row in RocksDB.
Bytes full_key(std::string_view table, BytesView key);

// `status` as an error; `what` says what was attempted.
std::unexpected<Error> storage_error(const rocksdb::Status& status, std::string_view what);

struct Txn::State {
  explicit State(Database::State& db) : database(db) {}
  ~State() { release(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // The snapshot of this transaction, taken at its first read.
  const rocksdb::Snapshot* view();
  void release();
  void write(std::string_view table, BytesView key, std::optional<Bytes> value);
  bool erases() const;     // A small commit that erases rows.
  void refuse(Error why);  // Remembers the first reason for which commit() must fail.

  Database::State& database;
  const rocksdb::Snapshot* snapshot = nullptr;
  uint64_t since = 0;  // Every commit up to this number is in the snapshot.
  std::map<Bytes, std::optional<Bytes>, std::less<>> writes;  // Nothing where the row is erased.
  std::vector<Bytes> events;
  size_t size_bytes = 0;
  ReadSet reads;
  std::optional<Error> refusal;
  bool ended = false;
};

// A commit that waits for the writer.
struct PendingCommit {
  Txn::State* txn = nullptr;
  bool sync = true;
  std::coroutine_handle<> handle;
  runtime::Loop* loop = nullptr;
  Result<void> answer;
};

struct Database::State {
  struct Watch {
    uint64_t id = 0;
    Bytes prefix;
    std::function<void()> changed;
    RowWatcher* rows = nullptr;
    std::vector<BytesView> keys = {};  // Of the group that is being written; rows' own.
    bool touched = false;              // By it.
  };
  struct Watches {
    uint64_t last_id = 0;
    std::vector<Watch> all;
  };
  struct Queue {
    std::vector<PendingCommit*> waiting;
    bool writer_runs = false;
  };

  explicit State(Options options);

  Result<void> open();
  Result<void> read_last_sequence();
  Time now() const;

  // False when too many commits wait.
  bool submit(PendingCommit* commit);

  // The writer's side.
  void write_until_idle();
  size_t write_group(std::vector<PendingCommit*>& commits, size_t first);
  uint64_t free_bytes() const;
  void admit(PendingCommit& commit, uint64_t free, rocksdb::WriteBatch& batch);
  rocksdb::Status ready_memtable(const rocksdb::WriteBatch& batch);
  size_t room_of_memtable() const;
  Result<void> write(rocksdb::WriteBatch& batch, bool sync);
  rocksdb::Status resume_writing();
  // Around a group's write: what watches are told of it.
  void announce(const rocksdb::WriteBatch& batch);
  void notify(bool written);
  static void resume(const std::vector<PendingCommit*>& commits, size_t first, size_t end);

  Options options;
  std::shared_ptr<RocksFiles> files;
  std::shared_ptr<RocksClock> clock;
  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<rocksdb::DB> db;

  std::atomic<uint64_t> published = 0;      // The newest commit whose rows can be read.
  std::atomic<uint64_t> last_sequence = 0;  // Of the newest event that can be read.

  // Only the writer's.
  uint64_t number = 0;
  uint64_t sequence = 0;
  bool failed = false;       // The last write failed: RocksDB must be resumed first.
  size_t memtable_room = 0;  // So much surely goes into the memtable, which holds something.
  ConflictLog log;

  runtime::Locked<Watches> watches;
  runtime::Locked<Queue> queue;
  runtime::Pool writer{"store-writer", 1};  // Last: ends first, and with it all that is queued.
};

}  // namespace millrace::store
