#include "store/database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <numeric>
#include <thread>

#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/nursery.h"
#include "store/conflict_log.h"
#include "store/row_watcher.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

struct Widget {
  Realm realm;
  std::string name;
  int64_t count = 0;
  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, name}; }
  bool operator==(const Widget&) const = default;
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm);
    v(2, self.name);
    v(3, self.count);
  }
};
constexpr Table<Widget> kWidgets{"test.widgets"};
constexpr Table<Widget> kOthers{"test.widgets2"};
const Realm kRealm{"000000000000", "us-east-1"};

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    open();
  }
  void open() {
    db_.reset();
    Database::Options options{.path = folder_.path() / "rows", .faults = faults_};
    auto opened = Database::open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
  }
  Result<void> commit(Txn& txn) { return runtime::run_task(loop_, txn.commit()); }
  Result<void> put(const std::string& name, int64_t count) {
    Txn txn = db_->begin();
    txn.put(kWidgets, {kRealm, name, count});
    return commit(txn);
  }
  std::string names(Txn& txn, const Range& range) {
    std::string all;
    const auto rows = txn.scan(kWidgets, range);
    if (!rows) return rows.error().message;
    for (const Widget& widget : *rows) all += widget.name + " ";
    return all;
  }
  int64_t count_of(const std::string& name) {
    Txn txn = db_->begin();
    const auto found = txn.find(kWidgets, {kRealm, name});
    return found && *found ? (*found)->count : -1;
  }

  TestFolder folder_;
  std::shared_ptr<FaultPlan> faults_ = std::make_shared<FaultPlan>();
  runtime::Loop loop_;
  std::unique_ptr<Database> db_;
};

TEST_F(DatabaseTest, KeepsWhatWasCommitted) {
  ASSERT_TRUE(put("a", 1));
  {
    Txn forgotten = db_->begin();
    forgotten.put(kWidgets, {kRealm, "b", 2});
  }
  open();
  Txn txn = db_->begin();
  EXPECT_EQ(txn.get(kWidgets, {kRealm, "a"}), (Widget{kRealm, "a", 1}));
  const auto missing = txn.get(kWidgets, {kRealm, "b"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_EQ(*txn.find(kOthers, {kRealm, "a"}), std::nullopt);
  ASSERT_TRUE(commit(txn));
}

TEST_F(DatabaseTest, SecondOpenIsRefused) {
  const auto again = Database::open({.path = folder_.path() / "rows"});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
}

TEST_F(DatabaseTest, ReadsItsOwnWrites) {
  for (const char* name : {"a", "c", "e"}) ASSERT_TRUE(put(name, 1));
  Txn txn = db_->begin();
  txn.put(kWidgets, {kRealm, "b", 2});
  txn.put(kWidgets, {kRealm, "c", 3});
  txn.put(kWidgets, {kRealm, "f", 4});
  txn.erase(kWidgets, {kRealm, "e"});
  EXPECT_EQ(txn.get(kWidgets, {kRealm, "c"})->count, 3);
  EXPECT_EQ(*txn.find(kWidgets, {kRealm, "e"}), std::nullopt);
  EXPECT_EQ(names(txn, {}), "a b c f ");
  EXPECT_EQ(names(txn, {.reverse = true}), "f c b a ");
  Txn other = db_->begin();
  EXPECT_EQ(names(other, {}), "a c e ");
}

TEST_F(DatabaseTest, ScansPages) {
  for (const char* name : {"a", "b", "ba", "bb", "c"}) ASSERT_TRUE(put(name, 1));
  Txn txn = db_->begin();
  const auto key = [](const std::string& name) { return encode_key(Widget::Key{kRealm, name}); };
  EXPECT_EQ(names(txn, {.limit = 2}), "a b ");
  EXPECT_EQ(names(txn, {.after = key("b"), .limit = 2}), "ba bb ");
  EXPECT_EQ(names(txn, {.after = key("b"), .reverse = true}), "a ");
  EXPECT_EQ(names(txn, {.from = key("b"), .limit = 1}), "b ");
  EXPECT_EQ(names(txn, {.from = key("bz")}), "c ");
  EXPECT_EQ(names(txn, {.from = key("b"), .reverse = true}), "b a ");
  EXPECT_EQ(names(txn, {.prefix = key_prefix(kRealm, StartsWith{"b"})}), "b ba bb ");
  EXPECT_EQ(names(txn, {.prefix = key_prefix(Realm{"1", "r"})}), "");
  EXPECT_EQ(names(txn, {.after = key("z")}), "");
  EXPECT_EQ(names(txn, {.from = key_after_prefix(key_prefix(kRealm, StartsWith{"b"}))}), "c ");
}

TEST_F(DatabaseTest, WalksOverWhatIsPassed) {
  for (const char* name : {"a1", "a2", "b1", "b2", "c1"}) ASSERT_TRUE(put(name, 1));
  Txn txn = db_->begin();
  txn.put(kWidgets, {kRealm, "a3", 2});
  txn.put(kWidgets, {kRealm, "b0", 2});
  txn.erase(kWidgets, {kRealm, "c1"});
  txn.put(kWidgets, {kRealm, "d1", 2});
  std::string seen;
  const auto visit = [&seen](Widget& widget) -> Txn::Step {
    seen += widget.name + " ";
    if (widget.name == "d1") return {Txn::Step::To::end};
    if (widget.name != "a1") return {};
    return {Txn::Step::To::key, encode_key(Widget::Key{kRealm, "b"})};
  };
  ASSERT_TRUE(txn.walk(kWidgets, {.prefix = key_prefix(kRealm)}, visit));
  EXPECT_EQ(seen, "a1 b0 b1 b2 d1 ");
  // What was passed over counts as read.
  ASSERT_TRUE(put("a2", 3));
  EXPECT_FALSE(commit(txn));
}

TEST_F(DatabaseTest, VisitorMayChangeWhatItVisits) {
  for (const char* name : {"a", "b"}) ASSERT_TRUE(put(name, 1));
  Txn txn = db_->begin();
  std::string seen;
  const auto visit = [&](Widget& widget) {
    seen += widget.name;
    txn.erase(kWidgets, widget.key());
    if (widget.name == "a") txn.put(kWidgets, {kRealm, "aa", 1});
    return true;
  };
  ASSERT_TRUE(txn.each(kWidgets, {}, visit));
  EXPECT_EQ(seen, "aaab");
  EXPECT_EQ(names(txn, {}), "");
}

TEST_F(DatabaseTest, SnapshotIsOfTheFirstRead) {
  Txn txn = db_->begin();
  ASSERT_TRUE(put("a", 1));
  EXPECT_EQ(txn.get(kWidgets, {kRealm, "a"})->count, 1);
  ASSERT_TRUE(put("a", 2));
  EXPECT_EQ(txn.get(kWidgets, {kRealm, "a"})->count, 1);
  ASSERT_TRUE(commit(txn));
}

TEST_F(DatabaseTest, ReadRowThatChangedIsAConflict) {
  ASSERT_TRUE(put("a", 1));
  Txn first = db_->begin();
  Txn second = db_->begin();
  for (Txn* txn : {&first, &second}) {
    Widget widget = *txn->get(kWidgets, {kRealm, "a"});
    ++widget.count;
    txn->put(kWidgets, widget);
  }
  ASSERT_TRUE(commit(first));
  const Result<void> refused = commit(second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_EQ(count_of("a"), 2);
}

TEST_F(DatabaseTest, AbsentRowThatAppearedIsAConflict) {
  Txn first = db_->begin();
  Txn second = db_->begin();
  for (Txn* txn : {&first, &second}) {
    EXPECT_EQ(*txn->find(kWidgets, {kRealm, "a"}), std::nullopt);
    txn->put(kWidgets, {kRealm, "a", 1});
  }
  ASSERT_TRUE(commit(first));
  EXPECT_FALSE(commit(second));
}

TEST_F(DatabaseTest, PhantomInAScannedRangeIsAConflict) {
  for (const char* name : {"b", "d", "f"}) ASSERT_TRUE(put(name, 1));
  const auto conflicts = [&](const Range& range, const std::string& phantom) {
    Txn txn = db_->begin();
    names(txn, range);
    txn.put(kOthers, {kRealm, "result", 1});
    EXPECT_TRUE(put(phantom, 1));
    const bool refused = !commit(txn);
    Txn undo = db_->begin();
    undo.erase(kWidgets, {kRealm, phantom});
    EXPECT_TRUE(commit(undo));
    return refused;
  };
  EXPECT_TRUE(conflicts({}, "c"));
  EXPECT_TRUE(conflicts({.limit = 2}, "a"));
  EXPECT_TRUE(conflicts({.limit = 2}, "c"));
  EXPECT_FALSE(conflicts({.limit = 2}, "e"));  // Behind the page that was read.
  EXPECT_TRUE(conflicts({.limit = 2, .reverse = true}, "e"));
  EXPECT_FALSE(conflicts({.limit = 2, .reverse = true}, "a"));
  EXPECT_FALSE(conflicts({.prefix = key_prefix(Realm{"1", "r"})}, "c"));
}

TEST_F(DatabaseTest, WritesWithoutReadsNeverConflict) {
  Txn first = db_->begin();
  Txn second = db_->begin();
  first.put(kWidgets, {kRealm, "a", 1});
  second.put(kWidgets, {kRealm, "a", 2});
  ASSERT_TRUE(commit(first));
  ASSERT_TRUE(commit(second));
  EXPECT_EQ(count_of("a"), 2);
}

TEST_F(DatabaseTest, LimitsAreAnsweredAtCommit) {
  Txn txn = db_->begin();
  txn.put_raw("test.raw", Bytes(kKeyBytesMax + 1, 'k'), "v");
  const Result<void> refused = commit(txn);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
}

TEST_F(DatabaseTest, DamagedRowIsNamed) {
  Txn txn = db_->begin();
  txn.put_raw(kWidgets.name, encode_key(Widget::Key{kRealm, "bad"}), "\x01\x03");
  ASSERT_TRUE(commit(txn));
  Txn read = db_->begin();
  const auto row = read.get(kWidgets, {kRealm, "bad"});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().kind, ErrorKind::internal);
  EXPECT_NE(row.error().message.find("test.widgets 000000000000"), std::string::npos);
  EXPECT_NE(row.error().message.find("bad"), std::string::npos);
  EXPECT_FALSE(read.scan(kWidgets, {}));
}

TEST_F(DatabaseTest, EventsAreNumberedAcrossRestarts) {
  for (int i = 0; i < 3; ++i) {
    Txn txn = db_->begin();
    txn.emit({.realm = kRealm, .source = "test", .resource = "r"});
    txn.emit({.realm = kRealm, .source = "test", .resource = "r"});
    ASSERT_TRUE(commit(txn));
    open();
  }
  EXPECT_EQ(db_->last_sequence(), 6U);
}

TEST_F(DatabaseTest, WatchersHearOfTheirTableOnly) {
  std::atomic<int> heard = 0;
  const uint64_t id = db_->watch("test.widgets", [&heard] { ++heard; });
  Txn other = db_->begin();
  other.put(kOthers, {kRealm, "a", 1});
  ASSERT_TRUE(commit(other));
  EXPECT_EQ(heard, 0);
  ASSERT_TRUE(put("a", 1));
  EXPECT_EQ(heard, 1);
  db_->unwatch(id);
  ASSERT_TRUE(put("a", 2));
  EXPECT_EQ(heard, 1);
}

// What can be read of a row when a watcher is told of it.
class Seen final : public RowWatcher {
 public:
  Seen(Database& db, std::string name) : db_(db), name_(std::move(name)) {}
  void changing(const std::vector<BytesView>& keys) override { note("changing", keys); }
  void changed(const std::vector<BytesView>& keys) override { note("changed", keys); }
  std::vector<std::string> notes;

 private:
  void note(const std::string& what, const std::vector<BytesView>& keys) {
    Txn txn = db_.begin();
    const auto row = txn.find(kWidgets, {kRealm, name_});
    const bool own = keys.size() == 1 && keys.front() == encode_key(Widget::Key{kRealm, name_});
    notes.push_back(what + (row && *row ? std::to_string((*row)->count) : "-") + (own ? "" : "?"));
  }
  Database& db_;
  std::string name_;
};

TEST_F(DatabaseTest, WatchersOfRowsHearBeforeAndAfterTheyCanBeRead) {
  Seen seen(*db_, "a");
  const uint64_t id = watch_rows(*db_, kWidgets.name, seen);
  ASSERT_TRUE(put("a", 1));
  ASSERT_TRUE(put("a", 2));
  Txn other = db_->begin();
  other.put(kOthers, {kRealm, "a", 1});
  ASSERT_TRUE(commit(other));
  db_->unwatch(id);
  ASSERT_TRUE(put("a", 3));
  const std::vector<std::string> expected{"changing-", "changed1", "changing1", "changed2"};
  EXPECT_EQ(seen.notes, expected);
}

// Adds one to a shared counter and writes a row of its own, until it has done so `times` times.
Task<void> increment(Database* db, std::string name, int times, std::atomic<int>* conflicts) {
  for (int done = 0; done < times;) {
    Txn txn = db->begin();
    CO_TRY(const auto shared, txn.find(kWidgets, {kRealm, "shared"}));
    Widget next = shared.value_or(Widget{kRealm, "shared", 0});
    ++next.count;
    txn.put(kWidgets, next);
    txn.put(kWidgets, {kRealm, name + std::to_string(done), next.count});
    txn.emit({.realm = kRealm, .source = "test", .resource = name});
    const Result<void> committed = co_await txn.commit();
    if (committed) {
      ++done;
    } else if (committed.error().kind == ErrorKind::conflict) {
      ++*conflicts;
    } else {
      co_return fail(committed.error());
    }
  }
  co_return ok;
}

Task<void> increment_concurrently(Database* db, std::string name, int tasks, int times,
                                  std::atomic<int>* conflicts, std::atomic<int>* errors) {
  runtime::Nursery nursery(*runtime::Loop::current());
  const auto on_error = [errors](const Error&) { ++*errors; };
  for (int i = 0; i < tasks; ++i) {
    nursery.spawn(increment(db, name + std::to_string(i) + "-", times, conflicts), on_error);
  }
  co_return co_await nursery.close();
}

TEST_F(DatabaseTest, ConcurrentCommittersLoseNoUpdate) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 8;
  constexpr int kTimes = 5;
  std::atomic<int> conflicts = 0;
  std::atomic<int> errors = 0;
  std::vector<std::future<Result<void>>> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.push_back(std::async(std::launch::async, [&, i] {
      runtime::Loop loop;
      return runtime::run_task(loop, increment_concurrently(db_.get(), std::to_string(i) + ":",
                                                            kTasks, kTimes, &conflicts, &errors));
    }));
  }
  for (auto& thread : threads) EXPECT_TRUE(thread.get());
  constexpr int kTotal = kThreads * kTasks * kTimes;
  EXPECT_EQ(errors, 0);
  EXPECT_EQ(count_of("shared"), kTotal);
  EXPECT_EQ(db_->last_sequence(), uint64_t{kTotal});
  // Each commit saw a count of its own.
  Txn txn = db_->begin();
  std::vector<int64_t> counts;
  for (const Widget& widget : *txn.scan(kWidgets, {})) {
    if (widget.name != "shared") counts.push_back(widget.count);
  }
  std::sort(counts.begin(), counts.end());
  std::vector<int64_t> expected(kTotal);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(counts, expected);
}

Task<void> put_one(Database* db, std::string name) {
  Txn txn = db->begin();
  txn.put(kWidgets, {kRealm, name, 1});
  co_return co_await txn.commit();
}

Task<void> put_many(Database* db, int rows, std::atomic<int>* errors) {
  runtime::Nursery nursery(*runtime::Loop::current());
  const auto on_error = [errors](const Error&) { ++*errors; };
  for (int i = 0; i < rows; ++i) nursery.spawn(put_one(db, std::to_string(i)), on_error);
  co_return co_await nursery.close();
}

TEST_F(DatabaseTest, CommitsThatWaitShareASync) {
  const uint64_t before = faults_->count(FileOperation::sync);
  std::atomic<int> errors = 0;
  ASSERT_TRUE(runtime::run_task(loop_, put_many(db_.get(), 1000, &errors)));
  EXPECT_EQ(errors, 0);
  EXPECT_LT(faults_->count(FileOperation::sync) - before, 500U);
}

TEST_F(DatabaseTest, CommitAnswersWhenTheLogIsSynced) {
  std::atomic<bool> dirty = false;
  faults_->set([&dirty](FileOperation operation, std::string_view path) {
    if (operation == FileOperation::append && path.ends_with(".log")) dirty = true;
    if (operation == FileOperation::sync && path.ends_with(".log")) dirty = false;
    return Fault::none;
  });
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(put("a", i));
    EXPECT_FALSE(dirty);
  }
  Txn lazy = db_->begin();
  lazy.put(kWidgets, {kRealm, "b", 1});
  ASSERT_TRUE(runtime::run_task(loop_, lazy.commit_lazily()));
  EXPECT_TRUE(dirty);
}

TEST_F(DatabaseTest, FullDiskIsAnsweredAndSurvived) {
  ASSERT_TRUE(put("before", 1));
  for (const Fault fault : {Fault::no_space, Fault::short_write}) {
    faults_->set([fault](FileOperation operation, std::string_view) {
      return operation == FileOperation::append ? fault : Fault::none;
    });
    for (int i = 0; i < 3; ++i) {
      const Result<void> refused = put("refused", 1);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().kind, ErrorKind::exhausted) << refused.error().message;
    }
    EXPECT_EQ(count_of("refused"), -1);
    EXPECT_EQ(count_of("before"), 1);
    faults_->clear();
    ASSERT_TRUE(put("after", static_cast<int64_t>(fault)));
    open();
    EXPECT_EQ(count_of("before"), 1);
    EXPECT_EQ(count_of("refused"), -1);
    EXPECT_EQ(count_of("after"), static_cast<int64_t>(fault));
  }
}

// What was refused is no conflict for who tries it again.
TEST_F(DatabaseTest, WhatWasRefusedCanBeReadAndWrittenAgain) {
  const auto add_one = [this] {
    Txn txn = db_->begin();
    const auto found = txn.find(kWidgets, {kRealm, "a"});
    txn.put(kWidgets, {kRealm, "a", found && *found ? (*found)->count + 1 : 1});
    return commit(txn);
  };
  faults_->set([](FileOperation operation, std::string_view) {
    return operation == FileOperation::append ? Fault::no_space : Fault::none;
  });
  EXPECT_FALSE(add_one());
  faults_->clear();
  const Result<void> again = add_one();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(count_of("a"), 1);
}

TEST_F(DatabaseTest, TornFirstRecordLosesNothingBehindIt) {
  faults_->set([](FileOperation operation, std::string_view path) {
    const bool log = operation == FileOperation::append && path.ends_with(".log");
    return log ? Fault::short_write : Fault::none;
  });
  EXPECT_FALSE(put("refused", 1));
  faults_->clear();
  const Result<void> next = put("a", 1);
  ASSERT_TRUE(next) << next.error().message;
  ASSERT_TRUE(put("b", 1));
  open();
  EXPECT_EQ(count_of("a"), 1);
  EXPECT_EQ(count_of("b"), 1);
  EXPECT_EQ(count_of("refused"), -1);
}

// Every failure leaves a file behind, and the fourth a compaction. On a disk that refuses that too,
// commits are answered all the same, and nobody waits for a compaction to succeed.
TEST_F(DatabaseTest, RefusedCompactionsHoldNobodyUp) {
  std::promise<void> refused;
  auto compaction_refused = refused.get_future();
  std::atomic<bool> broken = false;
  std::atomic<int> files_left = 4;  // That hold what was in memory; the next is a compaction's.
  std::atomic<bool> told = false;
  const auto fate = [&](FileOperation operation, std::string_view path) {
    if (path.ends_with(".log")) return broken ? Fault::io_error : Fault::none;
    if (operation != FileOperation::create || !path.ends_with(".sst")) return Fault::none;
    if (files_left-- > 0) return Fault::none;
    if (!told.exchange(true)) refused.set_value();
    return Fault::io_error;
  };
  faults_->set(fate);
  for (int i = 0; i < 4; ++i) {
    broken = true;
    EXPECT_FALSE(put("refused", i));
    broken = false;
    ASSERT_TRUE(put("kept", i));
  }
  compaction_refused.wait();
  broken = true;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(put("refused", i));
  faults_->clear();
  const Result<void> healed = put("kept", 9);
  ASSERT_TRUE(healed) << healed.error().message;
  open();
  EXPECT_EQ(count_of("kept"), 9);
  EXPECT_EQ(count_of("refused"), -1);
}

// A compaction that fails while somebody resumes ends that attempt, which then leaves behind what
// it has begun; the next one must not wait for that.
TEST_F(DatabaseTest, CompactionThatFailsMeanwhileHoldsNobodyUp) {
  std::promise<void> begun;
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<bool> log_broken = false;
  std::atomic<bool> manifest_broken = false;
  std::atomic<int> files = 0;
  const auto fate = [&](FileOperation operation, std::string_view path) {
    if (path.ends_with(".log")) return log_broken ? Fault::io_error : Fault::none;
    if (path.contains("MANIFEST")) return manifest_broken ? Fault::no_space : Fault::none;
    // Four of what was in memory, then the compaction's.
    if (operation == FileOperation::create && path.ends_with(".sst") && ++files == 5) {
      begun.set_value();
      released.wait();
    }
    return Fault::none;
  };
  faults_->set(fate);
  for (int i = 0; i < 4; ++i) {
    log_broken = true;
    EXPECT_FALSE(put("refused", i));
    log_broken = false;
    ASSERT_TRUE(put("kept", i));
  }
  begun.get_future().wait();
  log_broken = true;
  EXPECT_FALSE(put("refused", 4));
  log_broken = false;
  manifest_broken = true;
  auto resuming = std::async(std::launch::async, [this] { return put("refused", 5).has_value(); });
  // Until it waits for the compaction; where this does not suffice, less is shown.
  for (int i = 0; i < 20'000; ++i) std::this_thread::yield();
  release.set_value();
  EXPECT_FALSE(resuming.get());
  manifest_broken = false;
  const Result<void> healed = put("kept", 9);
  ASSERT_TRUE(healed) << healed.error().message;
  faults_->clear();
  open();
  EXPECT_EQ(count_of("kept"), 9);
  EXPECT_EQ(count_of("refused"), -1);
}

TEST_F(DatabaseTest, FailedSyncIsAnsweredAndSurvived) {
  ASSERT_TRUE(put("before", 1));
  faults_->set([](FileOperation operation, std::string_view) {
    return operation == FileOperation::sync ? Fault::io_error : Fault::none;
  });
  for (int i = 0; i < 2; ++i) {
    const Result<void> refused = put("refused", 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::internal);
    EXPECT_EQ(count_of("refused"), -1);
  }
  faults_->clear();
  ASSERT_TRUE(put("after", 1));
  open();
  EXPECT_EQ(count_of("before"), 1);
  EXPECT_EQ(count_of("after"), 1);
}

TEST(ConflictLog, OlderThanItRemembersIsAConflict) {
  ConflictLog log(4, 1000);
  for (uint64_t number = 1; number <= 10; ++number) log.add(number, {"k" + std::to_string(number)});
  const ReadSet unrelated{{"x"}, {}};
  EXPECT_TRUE(log.admits(10, unrelated));
  EXPECT_TRUE(log.admits(6, unrelated));
  EXPECT_FALSE(log.admits(5, unrelated));
  EXPECT_FALSE(log.admits(9, ReadSet{{"k10"}, {}}));
  EXPECT_TRUE(log.admits(9, ReadSet{{"k9"}, {}}));
  EXPECT_FALSE(log.admits(8, ReadSet{{}, {{"k8", "k99"}}}));
  EXPECT_TRUE(log.admits(0, ReadSet{}));
}

}  // namespace
}  // namespace millrace::store
