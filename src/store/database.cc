#include "store/database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "runtime/log.h"
#include "runtime/machine_time.h"
#include "store/log_check.h"
#include "store/row_watcher.h"
#include "store/state.h"

namespace millrace::store {
namespace {

// RocksDB's warnings and errors, in the process's log; its chatter nowhere.
class RocksLog final : public rocksdb::Logger {
 public:
  RocksLog() : Logger(rocksdb::InfoLogLevel::ERROR_LEVEL) {}
  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char line[512];
    std::vsnprintf(line, sizeof(line), format, arguments);
    runtime::log(runtime::LogLevel::warning, "rocksdb", {{"message", line}});
  }
};

// The table of a key. Rows of a table are mostly written next to each other, so the memtable begins
// its search where the table's last row went, instead of at its top.
class TableOfKey final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "millrace.table"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.ToStringView().find('\0') + 1};
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    return key.ToStringView().find('\0') != std::string_view::npos;
  }
};

rocksdb::Options rocks_options(const Database::Options& wanted) {
  rocksdb::Options o;
  // A torn end of the log is what a crash leaves; damage before it is reported, not cut off. What
  // RocksDB takes for a torn end and is none, check_logs() has found.
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  o.write_buffer_size = wanted.write_buffer_bytes;
  o.max_write_buffer_number = 2;
  // There is one writer.
  o.allow_concurrent_memtable_write = false;
  o.memtable_insert_with_hint_prefix_extractor = std::make_shared<TableOfKey>();
  o.arena_block_size = arena_block_bytes(wanted);
  o.max_total_wal_size = 4 * wanted.write_buffer_bytes;
  // One that flushes and two that compact: while one merges files into the large level, the other
  // keeps those few that came meanwhile, of which a seek looks into every one.
  o.max_background_jobs = 3;
  o.max_open_files = 256;
  o.max_file_opening_threads = 1;
  o.table_cache_numshardbits = 2;
  o.info_log = std::make_shared<RocksLog>();
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  // Opening reads what it must and no more, so that the process is ready at once.
  o.skip_stats_update_on_db_open = true;
  o.skip_checking_sst_file_sizes_on_db_open = true;
  o.avoid_flush_during_recovery = true;
  o.avoid_flush_during_shutdown = true;
  // The writer calls Resume() itself.
  o.max_bgerror_resume_count = 0;
  const auto compressions = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(compressions.begin(), compressions.end(), rocksdb::kLZ4Compression) !=
                   compressions.end();
  // What has come lately is written again soon, most of its bytes are sealed and do not shrink, and
  // trying costs a tenth of what a small object does: only what stays is compressed.
  const auto lasting = lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  o.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression, lasting};
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(wanted.block_cache_bytes, 2);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

}  // namespace

std::unexpected<Error> storage_error(const rocksdb::Status& status, std::string_view what) {
  const ErrorKind kind = status.IsNoSpace() ? ErrorKind::exhausted : ErrorKind::internal;
  return fail(kind, fmt::format("{}: {}", what, status.ToString()));
}

Database::State::State(Options o) : options(std::move(o)) {}

Result<void> Database::State::open() {
  std::error_code code;
  std::filesystem::create_directories(options.path, code);
  if (code) {
    return fail(ErrorKind::denied, fmt::format("{}: {}", options.path.string(), code.message()));
  }
  files = std::make_shared<RocksFiles>(options.faults);
  clock = std::make_shared<RocksClock>();
  env = make_rocks_env(files, clock);
  TRY(check_logs(options.path));
  rocksdb::Options rocks = rocks_options(options);
  rocks.env = env.get();
  // Without its first file, a database would be begun anew beside the rows that it has.
  rocks.create_if_missing = !has_rows(options.path);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(rocks, options.path.string(), &opened);
  if (!status.ok()) {
    const std::string text = status.ToString();
    const bool held = text.find("Resource temporarily unavailable") != std::string::npos ||
                      text.find("lock hold by current process") != std::string::npos;
    if (held && text.find("LOCK") != std::string::npos) {
      return fail(ErrorKind::conflict,
                  fmt::format("{} is open in another process", options.path.string()));
    }
    const ErrorKind kind = files->take_disk_full() ? ErrorKind::exhausted : ErrorKind::internal;
    return fail(kind, fmt::format("open {}: {}", options.path.string(), text));
  }
  db.reset(opened);
  return read_last_sequence();
}

Result<void> Database::State::read_last_sequence() {
  Txn txn{std::make_unique<Txn::State>(*this)};
  TRY(sequence, read_sequence(txn, kMetaTable, kOutboxFloorKey));
  const Range last{.limit = 1, .reverse = true};
  TRY(const std::vector<RawRow> newest, txn.scan_raw(kOutboxTable, last));
  if (!newest.empty()) {
    TRY(const auto key, decode_key<std::tuple<uint64_t>>(newest.front().key));
    sequence = std::max(sequence, std::get<0>(key));
  }
  last_sequence = sequence;
  return {};
}

Time Database::State::now() const {
  if (options.clock != nullptr) return options.clock->now();
  return runtime::machine_now();
}

Result<std::unique_ptr<Database>> Database::open(Options options) {
  auto state = std::make_unique<State>(std::move(options));
  TRY(state->open());
  return std::unique_ptr<Database>(new Database(std::move(state)));
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

Txn Database::begin() { return Txn{std::make_unique<Txn::State>(*state_)}; }

uint64_t Database::last_sequence() const {
  return state_->last_sequence.load(std::memory_order_acquire);
}

uint64_t Database::watch(std::string table, std::function<void()> changed) {
  return state_->watches.with([&](State::Watches& watches) {
    const uint64_t id = ++watches.last_id;
    const RowWatch* const rows = changed.target<RowWatch>();
    RowWatcher* const watcher = rows != nullptr ? rows->watcher : nullptr;
    watches.all.push_back({id, full_key(table, {}), std::move(changed), watcher});
    return id;
  });
}

void Database::unwatch(uint64_t id) {
  state_->watches.with([&](State::Watches& watches) {
    std::erase_if(watches.all, [id](const State::Watch& watch) { return watch.id == id; });
  });
}

}  // namespace millrace::store
