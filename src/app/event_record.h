// EventRecord: what has happened, for whoever tests against a scratch instance.
//
// Keeps the latest events in a table of its own, fed by the bus (so at least once, and by number
// only once), and answers them as JSON. Thread-safe.
#pragma once

#include "base/bytes.h"
#include "store/bus.h"
#include "store/database.h"

namespace millrace::app {

class EventRecord final {
 public:
  static constexpr uint64_t kEventsMax = 10'000;  // Older ones are dropped.

  explicit EventRecord(store::Database& db) : db_(db) {}  // `db` outlives this object.

  // Before bus.start(); the bus does not deliver after this object has gone.
  void subscribe(store::Bus& bus);

  // [{"sequence":1,"source":…,"detail_type":…,"resource":…,"time":…,"detail":{…}},…], oldest
  // first. Errors: internal (store).
  Result<Bytes> read_json() const;

 private:
  store::Database& db_;
};

}  // namespace millrace::app
