#include "services/s3/lifecycle/lifecycle_run.h"

#include <algorithm>

#include "engines/objects/objects_fixture.h"
#include "runtime/log.h"
#include "services/s3/configurations.h"
#include "services/s3/lifecycle/lifecycle_document.h"
#include "store/outbox.h"

namespace millrace::s3 {
namespace {

using std::chrono::days;

// Lets the loop's other tasks have their turn.
Task<void> turn(store::Database* db) {
  store::Txn txn = db->begin();
  txn.put_raw("test.turn", "x", "y");
  co_return co_await txn.commit();
}

Result<Time> next_round(store::Database& db) {
  store::Txn txn = db.begin();
  TRY(const std::vector<store::Timer> timers, txn.scan(store::kTimers, {}));
  for (const store::Timer& timer : timers) {
    if (timer.kind == kLifecycleTimer) return timer.run_at;
  }
  return fail(ErrorKind::not_found, "no round is set");
}

// Moves the clock, and ends when the round that falls due by it has set the next one.
Task<void> pass(objects::Objects* objects, store::Database* db, runtime::Clock* clock,
                microseconds time) {
  runtime::Nursery nursery(*runtime::Loop::current());
  LifecycleRounds rounds(*objects, *db, *clock);
  store::Timers timers(*db, *clock);
  rounds.subscribe(timers);
  CO_TRY(co_await rounds.begin());
  timers.start(nursery);
  clock->advance(time);
  for (;;) {
    CO_TRY(const Time next, next_round(*db));
    if (next > clock->now()) break;
    CO_TRY(co_await turn(db));
  }
  co_return co_await nursery.close();
}

class LifecycleRunTest : public objects::ObjectsTest {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    announce_ = &announce;
    ObjectsTest::SetUp();
  }
  void rules(const std::string& rules) {
    objects::Setting setting;
    setting.bucket = "b";
    setting.kind = configuration::kLifecycle;
    setting.document = R"({"Rules":[)" + rules + "]}";
    ASSERT_TRUE(run(objects_->put_setting(setting)));
  }
  void pass_days(int count) {
    const Result<void> passed = run(pass(objects_.get(), db_.get(), clock_.get(), days(count)));
    ASSERT_TRUE(passed) << passed.error().message;
  }
  std::vector<std::string> keys() {
    std::vector<std::string> out;
    for (const auto& entry : list("", "")->entries) out.push_back(entry.object_key);
    return out;
  }
  // From the newest: "marker", or the size.
  std::vector<std::string> versions(const std::string& key) {
    std::vector<std::string> out;
    for (const auto& version : objects_->versions({.bucket = "b", .prefix = key})->versions) {
      const objects::Entry& entry = version.entry;
      out.push_back(entry.marker ? "marker" : std::to_string(entry.size_bytes));
    }
    return out;
  }
  std::vector<std::string> events() {
    store::Txn txn = db_->begin();
    std::vector<std::string> out;
    const auto rows = txn.scan(kTold, {});
    for (const Told& told : *rows) out.push_back(told.text);
    return out;
  }

  // What was announced, in the transaction of the change.
  struct Told {
    std::string text;
    using Key = std::tuple<std::string>;
    Key key() const { return {text}; }
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& v) {
      v(1, self.text);
    }
  };
  static constexpr store::Table<Told> kTold{"test.told"};
  static Result<void> announce(store::Txn& txn, const objects::Change& change) {
    static constexpr std::string_view kNames[] = {"written", "removed", "marked"};
    if (change.kind != objects::ChangeKind::removed && change.kind != objects::ChangeKind::marked) {
      return {};
    }
    txn.put(kTold, Told{std::string(kNames[static_cast<int>(change.kind)]) + " " +
                        change.entry.object_key + " " + change.cause.operation});
    return {};
  }
};

using Texts = std::vector<std::string>;

TEST_F(LifecycleRunTest, EndsWhatIsDueAndNothingElse) {
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"Prefix":"old/"},"Expiration":{"Days":2}},)"
        R"({"ID":"off","Status":"Disabled","Filter":{"Prefix":""},"Expiration":{"Days":1}})");
  for (const char* key : {"a", "old/a", "old/b", "z"}) ASSERT_TRUE(put(key, "x"));
  pass_days(2);
  EXPECT_EQ(keys(), (Texts{"a", "old/a", "old/b", "z"}));
  pass_days(1);
  EXPECT_EQ(keys(), (Texts{"a", "z"}));
  EXPECT_EQ(events(),
            (Texts{"removed old/a Lifecycle Expiration", "removed old/b Lifecycle Expiration"}));
  store::Txn txn = db_->begin();
  EXPECT_TRUE(txn.scan(kLifecycleProgress, {})->empty());
}

TEST_F(LifecycleRunTest, ReadsTagsWhereARuleAsksForThem) {
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"Tag":{"Key":"k","Value":"v"}},)"
        R"("Expiration":{"Days":1}})");
  ASSERT_TRUE(put("plain", "x"));
  ASSERT_TRUE(put("tagged", "x"));
  ASSERT_TRUE(run(objects_->set_tags({"b", "tagged"}, {{"k", "v"}}, {})));
  pass_days(2);
  EXPECT_EQ(keys(), Texts{"plain"});
}

TEST_F(LifecycleRunTest, VersionsAreCoveredThenRemovedThenTheirMarker) {
  ASSERT_TRUE(run(objects_->set_versioning("b", objects::Versioning::enabled)));
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":1},)"
        R"("NoncurrentVersionExpiration":{"NoncurrentDays":3,"NewerNoncurrentVersions":1}})");
  for (const char* bytes : {"1", "22", "333"}) ASSERT_TRUE(put("k", bytes));
  pass_days(2);
  EXPECT_EQ(versions("k"), (Texts{"marker", "3", "2", "1"}));
  // The last is the one newer noncurrent version that is kept.
  pass_days(4);
  EXPECT_EQ(versions("k"), (Texts{"marker", "3"}));
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"Prefix":""},)"
        R"("Expiration":{"ExpiredObjectDeleteMarker":true},)"
        R"("NoncurrentVersionExpiration":{"NoncurrentDays":1}})");
  pass_days(1);
  EXPECT_EQ(versions("k"), Texts{"marker"});
  pass_days(1);
  EXPECT_TRUE(versions("k").empty());
}

TEST_F(LifecycleRunTest, LockedVersionsStay) {
  ASSERT_TRUE(run(objects_->set_versioning("b", objects::Versioning::enabled)));
  objects::LockSettings locks;
  locks.enabled = true;
  ASSERT_TRUE(run(objects_->set_locks("b", locks)));
  for (const char* bytes : {"1", "22", "333"}) ASSERT_TRUE(put("k", bytes));
  const auto all = objects_->versions({.bucket = "b"})->versions;
  ASSERT_TRUE(run(objects_->set_legal_hold({"b", "k", all.back().entry.version}, true)));
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"Prefix":""},)"
        R"("NoncurrentVersionExpiration":{"NoncurrentDays":1}})");
  pass_days(3);
  EXPECT_EQ(versions("k"), (Texts{"3", "1"}));
}

TEST_F(LifecycleRunTest, MovesKeepEverythingButTheClass) {
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"And":{"Prefix":"m","ObjectSizeGreaterThan":0,)"
        R"("Tags":[]}},"Transitions":[{"Days":1,"StorageClass":"GLACIER"}]})");
  objects::Setting told;
  told.bucket = "b";
  told.kind = configuration::kNotification;
  told.document = R"({"EventBridgeConfiguration":{}})";
  ASSERT_TRUE(run(objects_->put_setting(told)));
  ASSERT_TRUE(put("m", "bytes"));
  const objects::Entry before = objects_->describe({"b", "m"})->entry;
  pass_days(3);
  const objects::Object after = *objects_->describe({"b", "m"});
  EXPECT_EQ(after.entry.storage_class, "GLACIER");
  EXPECT_EQ(after.metadata.storage_class, "GLACIER");
  EXPECT_EQ(after.entry.modified, before.modified);
  EXPECT_EQ(after.entry.etag, before.etag);
  EXPECT_EQ(*get("m"), "bytes");
  const auto event = store::read_event(*db_, db_->last_sequence());
  EXPECT_EQ(event->detail_type, "Object Storage Class Changed");
  EXPECT_NE(event->detail.find(R"("destination-storage-class":"GLACIER")"), std::string::npos);
}

TEST_F(LifecycleRunTest, UploadsThatNobodyCompletesGo) {
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"Prefix":"in/"},)"
        R"("AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}})");
  const objects::Upload left = begin("in/a");
  const objects::Upload kept = begin("out/a");
  ASSERT_TRUE(put_part(left, 1, "x"));
  pass_days(3);
  const auto uploads = objects_->uploads({.bucket = "b"})->uploads;
  ASSERT_EQ(uploads.size(), 1U);
  EXPECT_EQ(uploads.front().id, kept.id);
}

// Many pages, so that keys and their versions lie across their borders.
TEST_F(LifecycleRunTest, PagesDoNotChangeWhatIsDue) {
  limits_.page_max = 3;
  open();
  ASSERT_TRUE(run(objects_->set_versioning("b", objects::Versioning::enabled)));
  for (int key = 0; key < 5; ++key) {
    for (int version = 0; version < 4; ++version) {
      ASSERT_TRUE(put("k" + std::to_string(key), Bytes(static_cast<size_t>(version + 1), 'x')));
    }
  }
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"Prefix":""},)"
        R"("NoncurrentVersionExpiration":{"NoncurrentDays":1,"NewerNoncurrentVersions":1}})");
  pass_days(3);
  for (int key = 0; key < 5; ++key) {
    EXPECT_EQ(versions("k" + std::to_string(key)), (Texts{"4", "3"}));
  }
}

// A round that stood at "b/m": what lies before it is done by the next one.
TEST_F(LifecycleRunTest, AnInterruptedRoundGoesOnWhereItStood) {
  rules(R"({"ID":"r","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":1}})");
  for (const char* key : {"a", "m", "z"}) ASSERT_TRUE(put(key, "x"));
  store::Txn txn = db_->begin();
  txn.put(kLifecycleProgress, LifecycleProgress{.bucket = "b", .after_key = "m"});
  ASSERT_TRUE(run(txn.commit()));
  pass_days(3);
  EXPECT_EQ(keys(), (Texts{"a", "m"}));
  open();
  pass_days(1);
  EXPECT_TRUE(keys().empty());
}

TEST_F(LifecycleRunTest, AnswersNameTheEndOfWhatTheyAreAbout) {
  rules(R"({"ID":"old logs/1","Status":"Enabled","Filter":{"Prefix":"logs/"},)"
        R"("Expiration":{"Days":3},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}})");
  const objects::Entry entry = *put("logs/a", "x");
  // 1,800,000,000 s are 2027-01-15 08:00.
  EXPECT_EQ(*expiration_header(*objects_, entry, {}),
            "expiry-date=\"Tue, 19 Jan 2027 00:00:00 GMT\", rule-id=\"old%20logs%2F1\"");
  EXPECT_EQ(*expiration_header(*objects_, *put("data", "x"), {}), "");
  const auto end = *abort_date(*objects_, begin("logs/up"));
  ASSERT_TRUE(end);
  EXPECT_EQ(to_iso8601(end->at), "2027-01-23T00:00:00Z");
  EXPECT_EQ(end->rule, "old logs/1");
}

}  // namespace
}  // namespace millrace::s3
