#include "services/s3/lifecycle/lifecycle_plan.h"

#include <gtest/gtest.h>

namespace millrace::s3 {
namespace {

using Verb = LifecycleVerb;

Time at(std::string_view text) { return parse_iso8601(text).value(); }

const Time kMade = at("2026-01-15T10:30:00Z");
constexpr uint64_t kMiB = 1 << 20;

LifecycleRules one(LifecycleRule rule) { return {.rules = {std::move(rule)}}; }

LifecycleSubject object(std::string_view key = "logs/a") {
  return {.key = key, .size_bytes = kMiB, .storage_class = "", .made = kMade};
}

Verb verb(const LifecycleRules& rules, const LifecycleSubject& subject, std::string_view now) {
  return plan_lifecycle(rules, subject, at(now)).verb;
}

// The example of the User Guide: made on the 15th at 10:30, three days, over on the 19th at 0:00.
TEST(LifecyclePlan, DaysEndAtTheMidnightThatFollows) {
  EXPECT_EQ(midnight_after(kMade, 3), at("2026-01-19T00:00:00Z"));
  EXPECT_EQ(midnight_after(at("2026-01-15T00:00:00Z"), 1), at("2026-01-17T00:00:00Z"));
  const LifecycleRules rules = one({.expiration = LifecycleTerm{.days = 3}});
  EXPECT_EQ(verb(rules, object(), "2026-01-18T23:59:59Z"), Verb::keep);
  EXPECT_EQ(verb(rules, object(), "2026-01-19T00:00:00Z"), Verb::expire);
}

TEST(LifecyclePlan, ADateIsThatMidnight) {
  const LifecycleRules rules =
      one({.expiration = LifecycleTerm{.date = at("2026-03-01T00:00:00Z")}});
  EXPECT_EQ(verb(rules, object(), "2026-02-28T23:59:59Z"), Verb::keep);
  EXPECT_EQ(verb(rules, object(), "2026-03-01T00:00:00Z"), Verb::expire);
  EXPECT_EQ(expected_expiration(rules, object())->at, at("2026-03-01T00:00:00Z"));
}

TEST(LifecyclePlan, ScopesNameByPrefixTagsAndSize) {
  const auto kept = [](LifecycleScope scope, LifecycleSubject subject) {
    const LifecycleRules rules =
        one({.scope = std::move(scope), .expiration = LifecycleTerm{.days = 1}});
    return verb(rules, subject, "2027-01-01T00:00:00Z") == Verb::keep;
  };
  EXPECT_FALSE(kept({.prefix = "logs/"}, object()));
  EXPECT_TRUE(kept({.prefix = "logs/"}, object("data/a")));
  LifecycleSubject tagged = object();
  tagged.tags = {{"a", "1"}, {"b", "2"}};
  EXPECT_FALSE(kept({.tags = {{"a", "1"}}}, tagged));
  EXPECT_TRUE(kept({.tags = {{"a", "1"}, {"b", "3"}}}, tagged));
  EXPECT_TRUE(kept({.tags = {{"a", "1"}}}, object()));
  EXPECT_TRUE(kept({.larger_than = kMiB}, object()));
  EXPECT_FALSE(kept({.larger_than = kMiB - 1}, object()));
  EXPECT_TRUE(kept({.smaller_than = kMiB}, object()));
  EXPECT_FALSE(kept({.smaller_than = kMiB + 1}, object()));
}

TEST(LifecyclePlan, NoncurrentVersionsCountFromWhenTheyBecameSo) {
  const LifecycleRules rules =
      one({.noncurrent_expiration = NoncurrentExpiration{.days = 10, .newer_kept = 2}});
  LifecycleSubject old = object();
  old.versioned = true;
  EXPECT_EQ(verb(rules, old, "2030-01-01T00:00:00Z"), Verb::keep);  // It is current.
  old.superseded = at("2026-02-01T12:00:00Z");
  old.newer_noncurrent = 2;
  EXPECT_EQ(verb(rules, old, "2026-02-11T23:59:59Z"), Verb::keep);
  EXPECT_EQ(verb(rules, old, "2026-02-12T00:00:00Z"), Verb::remove);
  old.newer_noncurrent = 1;
  EXPECT_EQ(verb(rules, old, "2026-02-12T00:00:00Z"), Verb::keep);
}

// A rule of noncurrent versions also takes delete markers that became noncurrent.
TEST(LifecyclePlan, NoncurrentMarkersGoLikeVersions) {
  const LifecycleRules rules = one({.noncurrent_expiration = NoncurrentExpiration{.days = 1}});
  LifecycleSubject marker = object();
  marker.marker = true;
  marker.superseded = kMade;
  EXPECT_EQ(verb(rules, marker, "2026-02-01T00:00:00Z"), Verb::remove);
}

TEST(LifecyclePlan, MarkersThatCoverNothingGo) {
  const LifecycleRules markers = one({.expired_markers = true});
  const LifecycleRules by_days = one({.expiration = LifecycleTerm{.days = 3}});
  LifecycleSubject marker = object();
  marker.marker = true;
  marker.versioned = true;
  EXPECT_EQ(verb(markers, marker, "2026-01-16T00:00:00Z"), Verb::keep);
  EXPECT_EQ(verb(by_days, marker, "2027-01-16T00:00:00Z"), Verb::keep);
  marker.alone = true;
  EXPECT_EQ(verb(markers, marker, "2026-01-16T00:00:00Z"), Verb::remove);
  EXPECT_EQ(verb(by_days, marker, "2026-01-18T00:00:00Z"), Verb::keep);
  EXPECT_EQ(verb(by_days, marker, "2026-01-19T00:00:00Z"), Verb::remove);
  const LifecycleRules sized =
      one({.scope = {.larger_than = 1}, .expiration = LifecycleTerm{.days = 3}});
  EXPECT_EQ(verb(sized, marker, "2027-01-19T00:00:00Z"), Verb::keep);
}

LifecycleRules archive() {
  return one({.moves = {{.term = {.days = 30}, .storage_class = "STANDARD_IA"},
                        {.term = {.days = 90}, .storage_class = "GLACIER"}}});
}

TEST(LifecyclePlan, MovesGoAsFarAsIsDueAndOnlyDown) {
  LifecycleSubject subject = object();
  const auto moved = [&](std::string_view now) {
    return std::string(plan_lifecycle(archive(), subject, at(now)).storage_class);
  };
  EXPECT_EQ(moved("2026-02-14T23:00:00Z"), "");
  const LifecycleRules rules = archive();
  EXPECT_EQ(plan_lifecycle(rules, subject, at("2026-02-15T00:00:00Z")),
            (LifecycleAction{Verb::move, "STANDARD_IA"}));
  EXPECT_EQ(plan_lifecycle(rules, subject, at("2026-04-16T00:00:00Z")),
            (LifecycleAction{Verb::move, "GLACIER"}));
  subject.storage_class = "GLACIER";
  EXPECT_EQ(moved("2026-04-16T00:00:00Z"), "");
  subject.storage_class = "DEEP_ARCHIVE";
  EXPECT_EQ(moved("2026-04-16T00:00:00Z"), "");
  subject.storage_class = "OF_ANOTHER_WORLD";
  EXPECT_EQ(moved("2026-04-16T00:00:00Z"), "");
}

TEST(LifecyclePlan, SmallObjectsAreNotMoved) {
  LifecycleSubject small = object();
  small.size_bytes = 128 * 1024 - 1;
  LifecycleRules rules = archive();
  EXPECT_EQ(verb(rules, small, "2026-03-01T00:00:00Z"), Verb::keep);
  EXPECT_EQ(verb(rules, small, "2027-03-01T00:00:00Z"), Verb::keep);
  rules.smallest_moved_everywhere = false;
  EXPECT_EQ(verb(rules, small, "2026-03-01T00:00:00Z"), Verb::keep);
  EXPECT_EQ(verb(rules, small, "2027-03-01T00:00:00Z"), Verb::move);  // To GLACIER.
  rules = archive();
  rules.rules[0].scope.larger_than = 0;
  EXPECT_EQ(verb(rules, small, "2026-03-01T00:00:00Z"), Verb::move);
}

TEST(LifecyclePlan, RemovalGoesBeforeAMoveAndAMoveBeforeAMarker) {
  LifecycleRules rules = one({.expiration = LifecycleTerm{.days = 30},
                              .moves = {{.term = {.days = 30}, .storage_class = "GLACIER"}}});
  LifecycleSubject subject = object();
  EXPECT_EQ(verb(rules, subject, "2026-05-01T00:00:00Z"), Verb::expire);
  subject.versioned = true;
  EXPECT_EQ(verb(rules, subject, "2026-05-01T00:00:00Z"), Verb::move);
  subject.storage_class = "GLACIER";
  EXPECT_EQ(verb(rules, subject, "2026-05-01T00:00:00Z"), Verb::expire);
  subject.storage_class = "";
  rules.rules[0].moves[0].term.days = 10;
  EXPECT_EQ(verb(rules, subject, "2026-05-01T00:00:00Z"), Verb::expire);
}

TEST(LifecyclePlan, TheEarliestRuleIsTheExpectedOne) {
  const LifecycleRules rules = {
      .rules = {{.id = "late", .expiration = LifecycleTerm{.days = 9}},
                {.id = "early", .expiration = LifecycleTerm{.days = 2}},
                {.id = "other", .scope = {.prefix = "x"}, .expiration = LifecycleTerm{.days = 1}}}};
  const auto end = expected_expiration(rules, object());
  ASSERT_TRUE(end);
  EXPECT_EQ(end->rule, "early");
  EXPECT_EQ(end->at, at("2026-01-18T00:00:00Z"));
  EXPECT_FALSE(expected_expiration(archive(), object()));
}

TEST(LifecyclePlan, UploadsAreGivenUpByTheirStart) {
  const LifecycleRules rules = one({.scope = {.prefix = "in/"}, .abort_after_days = 7});
  EXPECT_TRUE(rules.look_at_uploads());
  EXPECT_FALSE(plan_abort(rules, "in/a", kMade, at("2026-01-22T23:59:59Z")));
  EXPECT_TRUE(plan_abort(rules, "in/a", kMade, at("2026-01-23T00:00:00Z")));
  EXPECT_FALSE(plan_abort(rules, "out/a", kMade, at("2027-01-23T00:00:00Z")));
}

}  // namespace
}  // namespace millrace::s3
