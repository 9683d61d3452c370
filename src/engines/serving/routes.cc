#include "engines/serving/routes.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::serving {
namespace {

// A number of [0, 1).
double unit(runtime::Random& random) {
  return static_cast<double>(random.next() >> 11) * 0x1.0p-53;
}

bool has_healthy(const RouteVariant& variant) {
  return std::ranges::any_of(variant.seats, [](const SeatPtr& s) { return s->healthy.load(); });
}

// By weight, among those that can answer: a variant whose workers are all down gets no traffic.
const RouteVariant* pick_variant(const Route& route, double point) {
  double total = 0;
  for (const RouteVariant& v : route) total += has_healthy(v) ? v.weight : 0;
  const RouteVariant* last = nullptr;
  double passed = 0;
  for (const RouteVariant& v : route) {
    if (!has_healthy(v) || (v.weight <= 0 && total > 0)) continue;
    last = &v;
    passed += v.weight;
    if (point * total < passed) break;
  }
  return last;
}

}  // namespace

void Routes::set(const Name& name, Route route) {
  routes_.with([&](auto& routes) { routes.insert_or_assign(name, std::move(route)); });
}

void Routes::remove(const Name& name) {
  routes_.with([&](auto& routes) { routes.erase(name); });
}

bool Routes::contains(const Name& name) const {
  return routes_.with([&](const auto& routes) { return routes.contains(name); });
}

Result<SeatPtr> Routes::choose(const Name& name, std::string_view variant) const {
  const double point = unit(random_);
  return routes_.with([&](const auto& routes) -> Result<SeatPtr> {
    const auto it = routes.find(name);
    if (it == routes.end()) return fail(ErrorKind::not_found, "no such endpoint");
    const RouteVariant* chosen = nullptr;
    if (variant.empty()) {
      chosen = pick_variant(it->second, point);
    } else {
      const auto found = std::ranges::find(it->second, variant, &RouteVariant::name);
      if (found == it->second.end()) {
        return fail(ErrorKind::not_found, fmt::format("no variant {}", variant));
      }
      chosen = &*found;
    }
    SeatPtr best;
    for (size_t i = 0; chosen != nullptr && i < chosen->seats.size(); ++i) {
      const SeatPtr& seat = chosen->seats[i];
      if (!seat->healthy.load()) continue;
      if (best == nullptr || seat->in_flight.load() < best->in_flight.load()) best = seat;
    }
    if (best == nullptr) return fail(ErrorKind::exhausted, "no worker is healthy");
    return best;
  });
}

std::map<std::string, int64_t> Routes::healthy(const Name& name) const {
  return routes_.with([&](const auto& routes) {
    std::map<std::string, int64_t> out;
    const auto it = routes.find(name);
    if (it == routes.end()) return out;
    for (const RouteVariant& variant : it->second) {
      out[variant.name] = std::ranges::count_if(
          variant.seats, [](const SeatPtr& seat) { return seat->healthy.load(); });
    }
    return out;
  });
}

SeatPtr Routes::find(std::string_view worker_id) const {
  return routes_.with([&](const auto& routes) -> SeatPtr {
    for (const auto& [name, route] : routes) {
      for (const RouteVariant& variant : route) {
        for (const SeatPtr& seat : variant.seats) {
          if (seat->worker_id == worker_id) return seat;
        }
      }
    }
    return nullptr;
  });
}

}  // namespace millrace::serving
