// What lifecycle rules say of one version of an object or of one upload, at one moment. Pure.
//
// A period of days begins when the version was made (or, for a noncurrent one, when the next
// version took its place) and ends at the midnight, UTC, that follows its last day; a date is that
// midnight itself. Of all rules that name an object the one that removes it for good wins, then the
// one that moves it furthest, then the one that covers it with a delete marker.
// Source: S3 User Guide, "Lifecycle configuration elements", "Conflicts in lifecycle rules".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace millrace::s3 {

// Which objects a rule is about.
struct LifecycleScope {
  std::string prefix;
  std::map<std::string, std::string> tags;
  std::optional<uint64_t> larger_than, smaller_than;  // Bytes; neither includes the bound.
};

// When an action is due: after so many days, or from a date on.
struct LifecycleTerm {
  int64_t days = 0;
  std::optional<Time> date;
};

struct LifecycleMove {
  LifecycleTerm term;
  std::string storage_class;
  int64_t newer_kept = 0;  // Of noncurrent versions: so many newer ones of them stay as they are.
};

struct NoncurrentExpiration {
  int64_t days = 0;
  int64_t newer_kept = 0;
};

struct LifecycleRule {
  std::string id;
  LifecycleScope scope;
  std::optional<LifecycleTerm> expiration;
  bool expired_markers = false;  // Delete markers that cover nothing any more are removed.
  std::vector<LifecycleMove> moves;
  std::optional<NoncurrentExpiration> noncurrent_expiration;
  std::vector<LifecycleMove> noncurrent_moves;
  std::optional<int64_t> abort_after_days;
};

// Rules that are enabled. `smallest_moved_everywhere`: objects below 128 KiB are moved to no class,
// else only not to those that charge for 128 KiB. A rule that names sizes decides for itself.
struct LifecycleRules {
  std::vector<LifecycleRule> rules;
  bool smallest_moved_everywhere = true;

  bool look_at_tags() const;
  bool look_at_uploads() const;
};

// One version, as far as rules look at it.
struct LifecycleSubject {
  std::string_view key;
  uint64_t size_bytes = 0;
  std::string_view storage_class;  // Empty: the usual one.
  std::map<std::string, std::string> tags = {};
  Time made{};
  bool marker = false;
  // Nothing: it is the current version. Else when the next one took its place.
  std::optional<Time> superseded = {};
  int64_t newer_noncurrent = 0;  // Noncurrent versions of the key that are newer.
  bool alone = false;            // The key has no other version.
  bool versioned = false;        // The bucket keeps, or has kept, versions.
};

// `expire`: as a deletion without a version; `remove`: this version, for good.
enum class LifecycleVerb : uint8_t { keep, expire, remove, move };
struct LifecycleAction {
  LifecycleVerb verb = LifecycleVerb::keep;
  std::string_view storage_class = {};  // Of a move; of the rule.
  bool operator==(const LifecycleAction&) const = default;
};
LifecycleAction plan_lifecycle(const LifecycleRules& rules, const LifecycleSubject& subject,
                               Time now);

// Whether an unfinished upload is given up.
bool plan_abort(const LifecycleRules& rules, std::string_view key, Time started, Time now);

// When the rules end a current version, and by which rule; for x-amz-expiration.
struct ExpectedEnd {
  Time at{};
  std::string_view rule;
};
std::optional<ExpectedEnd> expected_expiration(const LifecycleRules& rules,
                                               const LifecycleSubject& subject);
// The same of an upload; for x-amz-abort-date.
std::optional<ExpectedEnd> expected_abort(const LifecycleRules& rules, std::string_view key,
                                          Time started);

// Whether objects move from the one class to the other, and not back.
bool is_colder(std::string_view storage_class, std::string_view than);

// The midnight, UTC, that follows `days` days after `from`.
Time midnight_after(Time from, int64_t days);

}  // namespace millrace::s3
