// What other transactions say of a fleet: its next generation, and what became of it.
#include "engines/serving/fleets.h"

namespace millrace::serving {
namespace {

void retire(Fleet& fleet, Generation& generation) {
  if (generation.number != 0) fleet.retiring.push_back(std::move(generation));
  generation = {};
}

}  // namespace

Result<void> Fleets::plan(store::Txn& txn, const Realm& realm, const std::string& endpoint,
                          const std::string& tag, std::vector<Variant> variants) {
  TRY(std::optional<Fleet> found, txn.find(kFleets, {realm, endpoint}));
  Fleet fleet = found ? std::move(*found) : Fleet{.realm = realm, .endpoint = endpoint};
  retire(fleet, fleet.deploying);
  fleet.deploying = {.number = ++fleet.last_number, .tag = tag, .variants = std::move(variants)};
  txn.put(kFleets, fleet);
  return {};
}

Result<void> Fleets::promote(store::Txn& txn, const Realm& realm, const std::string& endpoint) {
  TRY(Fleet fleet, txn.get(kFleets, {realm, endpoint}));
  if (fleet.deploying.number == 0) return {};
  retire(fleet, fleet.serving);
  fleet.serving = std::move(fleet.deploying);
  fleet.deploying = {};
  txn.put(kFleets, fleet);
  return {};
}

Result<void> Fleets::abandon(store::Txn& txn, const Realm& realm, const std::string& endpoint) {
  TRY(Fleet fleet, txn.get(kFleets, {realm, endpoint}));
  retire(fleet, fleet.deploying);
  txn.put(kFleets, fleet);
  return {};
}

Result<void> Fleets::erase(store::Txn& txn, const Realm& realm, const std::string& endpoint) {
  TRY(std::optional<Fleet> fleet, txn.find(kFleets, {realm, endpoint}));
  if (!fleet) return {};
  retire(*fleet, fleet->deploying);
  retire(*fleet, fleet->serving);
  txn.put(kFleets, *fleet);
  return {};
}

}  // namespace millrace::serving
