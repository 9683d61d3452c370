// RowCache: rows of a table that every request reads and that seldom change, decoded once.
//
// find() answers what a transaction that begins with the call would read: a commit to the table
// empties the cache before it is answered, and before a transaction can begin that counts it as
// seen (conflict_log.h). So a transaction may rely on a cached row with Txn::relies_on(): its
// commit meets a conflict where the row has changed since. Absent rows are remembered too.
//
// Thread-safe. Bounded by the encoded sizes of what it holds: a full cache is emptied. `db`
// outlives it. Errors: those of Txn::find().
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "runtime/locked.h"
#include "store/database.h"

namespace millrace::store {

template <class Row>
class RowCache final {
 public:
  using Found = std::shared_ptr<const Row>;  // Null: there is no such row.

  RowCache(Database& db, const Table<Row>& table, size_t bytes_max)
      : db_(db), table_(table), bytes_max_(bytes_max) {
    watch_ = db.watch(std::string(table.name), [this] { forget(); });
  }
  ~RowCache() { db_.unwatch(watch_); }
  RowCache(const RowCache&) = delete;
  RowCache& operator=(const RowCache&) = delete;

  Result<Found> find(const typename Row::Key& key) { return find_encoded(key, encode_key(key)); }

  // Within a transaction: as Txn::find() there, which it falls back to for a row that the
  // transaction itself has written.
  Result<Found> find(Txn& txn, const typename Row::Key& key) {
    const Bytes encoded = encode_key(key);
    if (txn.relies_on(table_.name, encoded)) return find_encoded(key, encoded);
    TRY(std::optional<Row> own, txn.find(table_, key));
    return own ? std::make_shared<const Row>(std::move(*own)) : nullptr;
  }

 private:
  struct State {
    std::unordered_map<Bytes, Found> rows;
    size_t bytes = 0;
    uint64_t changes = 0;

    void empty() {
      rows.clear();
      bytes = 0;
    }
  };
  static constexpr size_t kPlaceBytes = 128;  // What a row costs beside its bytes.

  void forget() {
    state_.with([](State& state) {
      state.empty();
      ++state.changes;
    });
  }

  Result<Found> find_encoded(const typename Row::Key& key, const Bytes& encoded) {
    uint64_t changes = 0;
    const std::optional<Found> known = state_.with([&](const State& state) -> std::optional<Found> {
      changes = state.changes;
      const auto place = state.rows.find(encoded);
      if (place == state.rows.end()) return std::nullopt;
      return place->second;
    });
    if (known) return *known;
    Txn txn = db_.begin();
    TRY(std::optional<Row> row, txn.find(table_, key));
    const size_t bytes = kPlaceBytes + encoded.size() + (row ? encode_row(*row).size() : 0);
    Found found = row ? std::make_shared<const Row>(std::move(*row)) : nullptr;
    state_.with([&](State& state) {
      if (state.changes != changes) return;  // What was read may be older than the change.
      if (bytes > bytes_max_ - state.bytes) state.empty();
      if (bytes > bytes_max_) return;
      if (state.rows.emplace(encoded, found).second) state.bytes += bytes;
    });
    return found;
  }

  Database& db_;
  const Table<Row> table_;
  const size_t bytes_max_;
  uint64_t watch_ = 0;
  runtime::Locked<State> state_;
};

}  // namespace millrace::store
