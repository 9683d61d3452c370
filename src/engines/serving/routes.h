// Routes: which workers answer for an endpoint right now. Derived from the rows, in memory only.
// Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "engines/serving/rows.h"
#include "runtime/disk.h"
#include "runtime/locked.h"
#include "runtime/random.h"

namespace millrace::serving {

// One worker as requests see it. Shared by the routes of its generation and the requests in flight.
struct Seat {
  std::string worker_id;
  std::string variant;
  runtime::Path socket;
  std::atomic<bool> healthy{false};
  std::atomic<int> in_flight{0};
};
using SeatPtr = std::shared_ptr<Seat>;

struct RouteVariant {
  std::string name;
  double weight = 1;
  std::vector<SeatPtr> seats;
};
using Route = std::vector<RouteVariant>;

class Routes final {
 public:
  using Name = std::tuple<Realm, std::string>;

  explicit Routes(runtime::Random& random) : random_(random) {}

  // In one step, so that no request finds the endpoint without workers.
  void set(const Name& name, Route route);
  void remove(const Name& name);
  bool contains(const Name& name) const;

  // The healthy worker with the fewest requests in flight, of `variant` or else of one chosen by
  // weight. Errors: not_found (endpoint, or variant), exhausted (no healthy worker).
  Result<SeatPtr> choose(const Name& name, std::string_view variant) const;
  // How many workers of each variant are healthy.
  std::map<std::string, int64_t> healthy(const Name& name) const;
  // The seat of that worker, in any route, or null.
  SeatPtr find(std::string_view worker_id) const;

 private:
  runtime::Random& random_;
  runtime::Locked<std::map<Name, Route>> routes_;
};

}  // namespace millrace::serving
