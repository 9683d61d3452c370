// Fleets: the workers behind endpoints: started, checked, replaced without a gap, restarted when
// they die, and asked for predictions.
//
// A fleet has at most two generations of workers: the one that serves and the one that is being
// deployed. A deployment is made of steps that can each be repeated: rows say what should run,
// workers' ids follow from the rows, so after a crash the same steps find what is there.
//
// Thread-safe; tasks run on the awaiter's loop, restarts on the nursery's. Limits: the constants.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engines/serving/routes.h"
#include "engines/serving/rows.h"
#include "engines/serving/world.h"
#include "runtime/clock.h"
#include "runtime/nursery.h"
#include "runtime/pool.h"
#include "store/database.h"

namespace millrace::serving {

inline constexpr int64_t kInstancesMax = 16;                // Of one variant.
inline constexpr milliseconds kHealthInterval{10};          // While a worker starts.
inline constexpr milliseconds kHealthWatchInterval{5'000};  // While it serves.
inline constexpr milliseconds kDrainPatience{60'000};       // For requests in flight at a swap.
inline constexpr milliseconds kRestartDelayFirst{100};      // Doubles with each failure,
inline constexpr milliseconds kRestartDelayMax{30'000};     // up to this.

struct InvokeRequest {
  Realm realm;
  std::string endpoint;
  std::string variant;  // Empty: by weight.
  Request request;
};

struct InvokeAnswer {
  Answer answer;
  std::string variant;
};

// Where a worker belongs.
struct Place {
  Realm realm;
  std::string endpoint;
  std::string variant;
};

class Fleets final {
 public:
  struct World {
    store::Database& db;
    runtime::Clock& clock;
    runtime::Random& random;
    runtime::Disk& disk;
    runtime::Pool& pool;
    runtime::Nursery& nursery;
    WorkerHost& host;
    WorkerExchange& exchange;
    ModelSource& models;
    InvocationMeter& meter;
    runtime::Path folder;      // Of models; derived data.
    runtime::Path run_folder;  // Of sockets, whose paths the kernel limits to 107 bytes.
  };
  explicit Fleets(World world);
  ~Fleets();

  // After the process started: takes the workers that should serve into the routes, and starts
  // those that are gone. Errors: those of the store and the disk.
  Task<void> open();

  // What the caller puts into its own transaction before deploy(): the fleet's next generation.
  static Result<void> plan(store::Txn& txn, const Realm& realm, const std::string& endpoint,
                           const std::string& tag, std::vector<Variant> variants);

  // Starts the planned generation and ends when every worker of it answers /ping; it is not routed
  // to yet. Repeatable. Errors: internal, exhausted, deadline, conflict (of this machine: try
  // again); any other is the model's fault, and fit for the user (FailureReason).
  Task<void> deploy(Realm realm, std::string endpoint);

  // In the caller's transaction: the planned generation becomes the one that serves.
  static Result<void> promote(store::Txn& txn, const Realm& realm, const std::string& endpoint);
  // In the caller's transaction: gives up the planned generation.
  static Result<void> abandon(store::Txn& txn, const Realm& realm, const std::string& endpoint);
  // After that commit: routes to the new generation, lets the requests of the old one end, and
  // stops its workers (and those of abandoned generations). Repeatable.
  Task<void> settle(Realm realm, std::string endpoint);

  // In the caller's transaction: the fleet is gone. settle() stops its workers.
  static Result<void> erase(store::Txn& txn, const Realm& realm, const std::string& endpoint);

  // Ends every worker, for a process that stops; open() of the next one starts them again.
  // After nothing else of this object runs. Errors: those of the host.
  Task<void> stop_workers();

  // Sends the request to a worker. One that is gone is passed over, another is asked.
  // Errors: not_found (endpoint, variant), exhausted (no healthy worker), deadline.
  Task<InvokeAnswer> invoke(InvokeRequest request);

  // How many workers of each variant answer.
  std::map<std::string, int64_t> healthy(const Realm& realm, const std::string& endpoint) const;

  // Nothing for a worker that should not run.
  std::optional<Place> place_of(const std::string& worker_id) const;

  // A worker has ended; told by whoever watches processes. Restarts it where it should run.
  void worker_ended(std::string worker_id, std::string cause);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace millrace::serving
