// RowWatcher: is told which rows of a table commits write, for caches of single rows. (Who wants to
// know only that something has changed takes Database::watch().)
//
// Threads: both functions are called on the writer's, one after the other; they only note what they
// are told. The keys are those of encode_key(), and stay until changed() returns.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"

namespace millrace::store {

class RowWatcher {
 public:
  virtual ~RowWatcher() = default;
  // Before anything of the commits can be read…
  virtual void changing(const std::vector<BytesView>& keys) = 0;
  // …and when all of it can, or they have failed: before they are answered, and before any
  // transaction counts them as seen. For the same keys.
  virtual void changed(const std::vector<BytesView>& keys) = 0;
};

// What Database::watch() takes for a watcher of rows.
struct RowWatch {
  RowWatcher* watcher = nullptr;
  void operator()() const {}
};

// Until Database::unwatch() has been called with the answer; `watcher` stays until then.
inline uint64_t watch_rows(Database& db, std::string_view table, RowWatcher& watcher) {
  return db.watch(std::string(table), RowWatch{&watcher});
}

}  // namespace millrace::store
