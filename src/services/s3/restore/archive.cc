#include "services/s3/restore/archive.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::s3 {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int64_t kDaysMax = 36'500;

struct Tier {
  std::string_view storage_class, name;
  minutes time;
};
constexpr Tier kTiers[] = {
    {"GLACIER", "Expedited", minutes(5)}, {"GLACIER", "Standard", hours(5)},
    {"GLACIER", "Bulk", hours(12)},       {"DEEP_ARCHIVE", "Standard", hours(12)},
    {"DEEP_ARCHIVE", "Bulk", hours(48)},
};

std::unexpected<Error> invalid_state(const objects::Entry& entry, std::string_view message = {}) {
  return fail(problem(
      Problem::invalid_object_state,
      {{"StorageClass", entry.storage_class.empty() ? "STANDARD" : entry.storage_class}}, message));
}

bool is_ongoing(const objects::Restore& restore, Time now) { return now < restore.ready; }
bool is_there(const objects::Restore& restore, Time now) {
  return restore.ready <= now && now < restore.until;
}

// AWS: the days end at the midnight behind them, of UTC.
Time end_of(Time ready, int64_t count) {
  const Time moment = ready + days(count);
  const Time midnight = std::chrono::floor<days>(moment);
  return midnight == moment ? midnight : midnight + days(1);
}

}  // namespace

bool is_archived(std::string_view storage_class) {
  return storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
}

Result<void> check_readable(const objects::Entry& entry, Time now) {
  if (!is_archived(entry.storage_class)) return {};
  if (entry.restore && is_there(*entry.restore, now)) return {};
  return invalid_state(entry);
}

std::string restore_text(const objects::Entry& entry, Time now) {
  if (!entry.restore || !is_archived(entry.storage_class)) return {};
  if (is_ongoing(*entry.restore, now)) return "ongoing-request=\"true\"";
  if (!is_there(*entry.restore, now)) return {};
  return fmt::format("ongoing-request=\"false\", expiry-date=\"{}\"",
                     to_http_date(std::chrono::floor<seconds>(entry.restore->until)));
}

Result<RestorePlan> plan_restore(const objects::Entry& entry, const RestoreAsked& asked, Time now) {
  if (!is_archived(entry.storage_class)) {
    return invalid_state(entry, "Restore is not allowed for the object's current storage class");
  }
  const std::string_view name = asked.tier.empty() ? "Standard" : asked.tier;
  const auto* const tier = std::ranges::find_if(kTiers, [&](const Tier& one) {
    return one.storage_class == entry.storage_class && one.name == name;
  });
  if (tier == std::end(kTiers)) {
    return fail(
        invalid_argument("Retrieval option is not supported by this storage class", "Tier", name));
  }
  RestorePlan out;
  out.restore.ready = now + tier->time;
  if (entry.restore && is_ongoing(*entry.restore, now)) {
    if (out.restore.ready >= entry.restore->ready) {
      return fail(problem(Problem::restore_already_in_progress));
    }
    const int64_t before = entry.restore->days;
    out.restore.days = static_cast<uint32_t>(asked.days.value_or(before));
  } else {
    if (!asked.days) return fail(problem(Problem::malformed_xml));
    out.prolongs = entry.restore && is_there(*entry.restore, now);
    if (out.prolongs) out.restore.ready = entry.restore->ready;
    out.restore.days = static_cast<uint32_t>(std::clamp<int64_t>(*asked.days, 0, kDaysMax + 1));
  }
  if (out.restore.days < 1 || out.restore.days > kDaysMax) {
    return fail(problem(Problem::malformed_xml));
  }
  out.restore.until = end_of(std::max(now, out.restore.ready), out.restore.days);
  return out;
}

}  // namespace millrace::s3
