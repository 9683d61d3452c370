// Moves of versions to other storage classes: what is kept of them changes, and nothing else.
//
// Thread-safe; the database outlives it. Errors: not_found (bucket), those of the store, conflict
// (so many others changed the same that the limit was reached).
#pragma once

#include <string>
#include <vector>

#include "engines/objects/objects.h"

namespace millrace::objects {

inline constexpr int kMoveAttemptsMax = 32;

// A version that goes to another class, where it is still the one that was meant.
struct MoveRequest {
  std::string key;
  std::string version;
  uint64_t sequence = 0;
  std::string storage_class;
};

// Called within the transaction of every move, to emit events; perhaps several times for one.
// Where it fails, so does the move.
using AnnounceMove = Result<void> (*)(store::Txn& txn, const Bucket& bucket, const Entry& entry,
                                      const Cause& cause, Time time);

class StorageClasses final {
 public:
  // `announce` may be null.
  StorageClasses(store::Database& db, runtime::Clock& clock, AnnounceMove announce)
      : db_(db), clock_(clock), announce_(announce) {}

  // In one commit; those that are gone, or there already, are left out. Answers how many moved.
  Task<size_t> move_all(std::string bucket, std::vector<MoveRequest> requests, Cause cause);

 private:
  store::Database& db_;
  runtime::Clock& clock_;
  AnnounceMove announce_;
};

}  // namespace millrace::objects
