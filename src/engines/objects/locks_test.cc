#include "engines/objects/objects_fixture.h"

namespace millrace::objects {
namespace {

constexpr std::chrono::hours kDay{24};

class LocksTest : public ObjectsTest {
 protected:
  void SetUp() override {
    ObjectsTest::SetUp();
    ASSERT_TRUE(run(objects_->set_versioning("b", Versioning::enabled)));
    ASSERT_TRUE(run(objects_->set_locks("b", {})));
  }
  Result<Entry> put_locked(const std::string& key, Lock lock) {
    Metadata metadata;
    metadata.lock = lock;
    return run(put_object(objects_.get(), {"b", key}, "x", std::move(metadata), {}));
  }
  ErrorKind remove(const Entry& entry, bool bypass = false) {
    const auto removal =
        run(objects_->remove({"b", entry.object_key, entry.version}, {}, {}, bypass));
    EXPECT_FALSE(removal);
    return removal ? ErrorKind::internal : removal.error().kind;
  }
  bool removed(const Entry& entry, bool bypass = false) {
    return run(objects_->remove({"b", entry.object_key, entry.version}, {}, {}, bypass))
        .has_value();
  }
  Result<void> retain(const Entry& entry, RetentionMode mode, seconds left, bool bypass = false) {
    const Retention retention{mode, clock_->now() + left};
    return run(objects_->set_retention({"b", entry.object_key, entry.version}, retention, bypass));
  }
};

TEST_F(LocksTest, RetentionHoldsUntilItsTime) {
  const Retention governance{RetentionMode::governance, clock_->now() + kDay};
  const Retention compliance{RetentionMode::compliance, clock_->now() + kDay};
  const auto one = put_locked("g", {.retention = governance});
  const auto two = put_locked("c", {.retention = compliance});
  ASSERT_TRUE(one && two);
  // What replaces and what marks does not remove.
  ASSERT_TRUE(put("g", "y"));
  ASSERT_TRUE(run(objects_->remove({"b", "g"}, {}, {})));
  EXPECT_EQ(remove(*one), ErrorKind::denied);
  EXPECT_EQ(remove(*two), ErrorKind::denied);
  EXPECT_EQ(remove(*two, true), ErrorKind::denied);
  EXPECT_TRUE(removed(*one, true));
  open();
  EXPECT_EQ(remove(*two, true), ErrorKind::denied);
  clock_->advance(kDay);
  EXPECT_TRUE(removed(*two));
}

TEST_F(LocksTest, ALegalHoldHasNoEndAndNobodyPassesIt) {
  const auto entry = put("k", "x");
  ASSERT_TRUE(run(objects_->set_legal_hold({"b", "k"}, true)));
  clock_->advance(kDay * 10'000);
  EXPECT_EQ(remove(*entry, true), ErrorKind::denied);
  ASSERT_TRUE(run(objects_->set_legal_hold({"b", "k"}, false)));
  EXPECT_EQ(objects_->describe({"b", "k"})->metadata.lock.legal_hold, false);
  EXPECT_TRUE(removed(*entry));
}

TEST_F(LocksTest, ARetentionThatRunsIsOnlyProlonged) {
  const auto entry = put("k", "x");
  ASSERT_TRUE(retain(*entry, RetentionMode::governance, seconds(100)));
  ASSERT_TRUE(retain(*entry, RetentionMode::governance, seconds(200)));
  EXPECT_EQ(retain(*entry, RetentionMode::governance, seconds(100)).error().kind,
            ErrorKind::denied);
  EXPECT_EQ(retain(*entry, RetentionMode::none, seconds(0)).error().kind, ErrorKind::denied);
  EXPECT_EQ(retain(*entry, RetentionMode::compliance, seconds(300)).error().kind,
            ErrorKind::denied);
  ASSERT_TRUE(retain(*entry, RetentionMode::compliance, seconds(100), true));
  EXPECT_EQ(retain(*entry, RetentionMode::compliance, seconds(50), true).error().kind,
            ErrorKind::denied);
  EXPECT_EQ(retain(*entry, RetentionMode::governance, seconds(500), true).error().kind,
            ErrorKind::denied);
  ASSERT_TRUE(retain(*entry, RetentionMode::compliance, seconds(500)));
  clock_->advance(seconds(500));
  ASSERT_TRUE(retain(*entry, RetentionMode::none, seconds(0)));
}

TEST_F(LocksTest, ABucketLocksWhatComesWithoutAWord) {
  ASSERT_TRUE(run(objects_->set_locks("b", {.mode = RetentionMode::compliance, .days = 2})));
  const auto entry = put("k", "x");
  const Lock lock = objects_->describe({"b", "k"})->metadata.lock;
  EXPECT_EQ(lock.retention, (Retention{RetentionMode::compliance, clock_->now() + 2 * kDay}));
  EXPECT_EQ(remove(*entry), ErrorKind::denied);
  const Retention own{RetentionMode::governance, clock_->now() + kDay};
  const auto other = put_locked("o", {.retention = own});
  EXPECT_EQ(objects_->describe({"b", "o"})->metadata.lock.retention, own);
  // A copy is locked as the bucket says, not as its source.
  const CopyRequest request{.from = {"b", "o"}, .from_etag = {}, .to = {"b", "copy"}};
  ASSERT_TRUE(run(objects_->copy(request, {}, {})));
  EXPECT_EQ(objects_->describe({"b", "copy"})->metadata.lock, lock);
}

TEST_F(LocksTest, OnlyABucketWithVersionsHasLocks) {
  EXPECT_EQ(run(objects_->set_versioning("b", Versioning::suspended)).error().kind,
            ErrorKind::precondition_failed);
  Bucket plain;
  plain.name = "plain";
  ASSERT_TRUE(run(objects_->create_bucket(plain)));
  EXPECT_EQ(run(objects_->set_locks("plain", {})).error().kind, ErrorKind::precondition_failed);
  EXPECT_EQ(run(objects_->set_legal_hold({"plain", "k"}, true)).error().kind, ErrorKind::invalid);
  Metadata metadata;
  metadata.lock.legal_hold = true;
  EXPECT_EQ(run(put_object(objects_.get(), {"plain", "k"}, "x", metadata, {})).error().kind,
            ErrorKind::invalid);
  Bucket locking;
  locking.name = "locking";
  locking.locks.enabled = true;
  ASSERT_TRUE(run(objects_->create_bucket(locking)));
  EXPECT_EQ(objects_->bucket("locking")->versioning, Versioning::enabled);
  EXPECT_EQ(run(objects_->set_retention({"b", "none"}, {}, false)).error().kind,
            ErrorKind::not_found);
}

}  // namespace
}  // namespace millrace::objects
