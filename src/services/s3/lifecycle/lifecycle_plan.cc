#include "services/s3/lifecycle/lifecycle_plan.h"

#include <algorithm>
#include <array>

namespace millrace::s3 {
namespace {

using std::chrono::days;

constexpr uint64_t kSmallestMoved = 128 * 1024;
constexpr std::string_view kUsualClass = "STANDARD";

// AWS: objects move only down this list. See lifecycle_plan_test.cc.
constexpr std::array<std::string_view, 7> kWaterfall = {
    kUsualClass,  "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA",
    "GLACIER_IR", "GLACIER",     "DEEP_ARCHIVE"};

size_t depth_of(std::string_view storage_class) {
  if (storage_class.empty()) return 0;
  return static_cast<size_t>(std::ranges::find(kWaterfall, storage_class) - kWaterfall.begin());
}

bool names(const LifecycleScope& scope, const LifecycleSubject& subject) {
  if (!subject.key.starts_with(scope.prefix)) return false;
  const bool plain = scope.tags.empty() && !scope.larger_than && !scope.smaller_than;
  if (subject.marker) return plain;  // It has neither tags nor a size.
  if (scope.larger_than && subject.size_bytes <= *scope.larger_than) return false;
  if (scope.smaller_than && subject.size_bytes >= *scope.smaller_than) return false;
  return std::ranges::all_of(scope.tags, [&](const auto& tag) {
    const auto found = subject.tags.find(tag.first);
    return found != subject.tags.end() && found->second == tag.second;
  });
}

Time due_at(const LifecycleTerm& term, Time from) {
  return term.date ? *term.date : midnight_after(from, term.days);
}

// AWS: small objects stay where they are. See lifecycle_plan_test.cc.
bool is_too_small(const LifecycleRules& rules, const LifecycleRule& rule,
                  const LifecycleSubject& subject, std::string_view storage_class) {
  if (rule.scope.larger_than || rule.scope.smaller_than) return false;
  if (subject.size_bytes >= kSmallestMoved) return false;
  const bool archive = storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
  return rules.smallest_moved_everywhere || !archive;
}

struct Found {
  std::optional<Time> removal;  // The earliest.
  std::optional<Time> expiry;
  size_t depth = 0;  // Of the furthest move.
  Time move{};
  std::string_view storage_class;
};

void consider(std::optional<Time>& earliest, Time due, Time now) {
  if (due <= now) earliest = std::min(due, earliest.value_or(due));
}

void consider_moves(const LifecycleRules& rules, const LifecycleRule& rule,
                    const LifecycleSubject& subject, Time now, Found& found) {
  const bool current = !subject.superseded;
  const Time from = subject.superseded.value_or(subject.made);
  for (const LifecycleMove& move : current ? rule.moves : rule.noncurrent_moves) {
    if (!current && subject.newer_noncurrent < move.newer_kept) continue;
    if (is_too_small(rules, rule, subject, move.storage_class)) continue;
    const Time due = due_at(move.term, from);
    const size_t depth = depth_of(move.storage_class);
    if (due > now || depth == kWaterfall.size() || depth <= found.depth) continue;
    found.depth = depth;
    found.move = due;
    found.storage_class = move.storage_class;
  }
}

// AWS: expiration by days also takes a marker away that covers nothing and is old enough.
void consider_marker(const LifecycleRule& rule, const LifecycleSubject& subject, Time now,
                     Found& found) {
  if (!subject.alone || subject.superseded) return;
  if (rule.expired_markers) consider(found.removal, subject.made, now);
  if (rule.expiration) consider(found.removal, due_at(*rule.expiration, subject.made), now);
}

void consider_rule(const LifecycleRules& rules, const LifecycleRule& rule,
                   const LifecycleSubject& subject, Time now, Found& found) {
  if (subject.superseded) {
    const auto& expiration = rule.noncurrent_expiration;
    if (expiration && subject.newer_noncurrent >= expiration->newer_kept) {
      consider(found.removal, midnight_after(*subject.superseded, expiration->days), now);
    }
  } else if (subject.marker) {
    consider_marker(rule, subject, now, found);
  } else if (rule.expiration) {
    auto& end = subject.versioned ? found.expiry : found.removal;
    consider(end, due_at(*rule.expiration, subject.made), now);
  }
  if (!subject.marker) consider_moves(rules, rule, subject, now, found);
}

}  // namespace

bool LifecycleRules::look_at_tags() const {
  return std::ranges::any_of(rules, [](const auto& rule) { return !rule.scope.tags.empty(); });
}

bool LifecycleRules::look_at_uploads() const {
  return std::ranges::any_of(rules,
                             [](const auto& rule) { return rule.abort_after_days.has_value(); });
}

bool is_colder(std::string_view storage_class, std::string_view than) {
  return depth_of(storage_class) > depth_of(than);
}

Time midnight_after(Time from, int64_t count) {
  return std::chrono::floor<days>(from + days(count)) + days(1);
}

LifecycleAction plan_lifecycle(const LifecycleRules& rules, const LifecycleSubject& subject,
                               Time now) {
  Found found;
  const size_t depth = depth_of(subject.storage_class);
  found.depth = depth;
  for (const LifecycleRule& rule : rules.rules) {
    if (names(rule.scope, subject)) consider_rule(rules, rule, subject, now, found);
  }
  if (found.removal) {
    return {subject.superseded || subject.marker ? LifecycleVerb::remove : LifecycleVerb::expire};
  }
  const bool moves = found.depth != depth;
  // The move that is due on the same day goes first; the marker follows with the next round.
  if (found.expiry && !(moves && found.move == *found.expiry)) return {LifecycleVerb::expire};
  if (moves) return {LifecycleVerb::move, found.storage_class};
  return {};
}

bool plan_abort(const LifecycleRules& rules, std::string_view key, Time started, Time now) {
  const auto end = expected_abort(rules, key, started);
  return end && end->at <= now;
}

std::optional<ExpectedEnd> expected_expiration(const LifecycleRules& rules,
                                               const LifecycleSubject& subject) {
  std::optional<ExpectedEnd> out;
  for (const LifecycleRule& rule : rules.rules) {
    if (!rule.expiration || !names(rule.scope, subject)) continue;
    const Time at = due_at(*rule.expiration, subject.made);
    if (!out || at < out->at) out = {at, rule.id};
  }
  return out;
}

std::optional<ExpectedEnd> expected_abort(const LifecycleRules& rules, std::string_view key,
                                          Time started) {
  std::optional<ExpectedEnd> out;
  for (const LifecycleRule& rule : rules.rules) {
    if (!rule.abort_after_days || !key.starts_with(rule.scope.prefix)) continue;
    const Time at = midnight_after(started, *rule.abort_after_days);
    if (!out || at < out->at) out = {at, rule.id};
  }
  return out;
}

}  // namespace millrace::s3
