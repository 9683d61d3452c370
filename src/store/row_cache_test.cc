#include "store/row_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "runtime/loop.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

struct Rule {
  std::string name;
  int64_t count = 0;
  std::string text;
  using Key = std::tuple<std::string>;
  Key key() const { return {name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.name);
    v(2, self.count);
    v(3, self.text);
  }
};
constexpr Table<Rule> kRules{"test.rules"};
constexpr Table<Rule> kOthers{"test.rules2"};

class RowCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Database::Options options;
    options.path = folder_.path() / "rows";
    auto opened = Database::open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
    rules_.emplace(*db_, kRules, kBytesMax);
  }
  Result<void> commit(Txn& txn) { return runtime::run_task(loop_, txn.commit()); }
  Result<void> put(const std::string& name, int64_t count) {
    Txn txn = db_->begin();
    txn.put(kRules, {name, count});
    return commit(txn);
  }
  int64_t cached(const std::string& name) {
    const auto found = rules_->find({name});
    return found && *found ? (*found)->count : -1;
  }

  static constexpr size_t kBytesMax = 4'096;
  TestFolder folder_;
  runtime::Loop loop_;
  std::unique_ptr<Database> db_;
  std::optional<RowCache<Rule>> rules_;
};

TEST_F(RowCacheTest, AnswersWhatWasCommittedLast) {
  EXPECT_EQ(cached("a"), -1);
  ASSERT_TRUE(put("a", 1));
  EXPECT_EQ(cached("a"), 1);
  EXPECT_EQ(rules_->find({"a"})->get(), rules_->find({"a"})->get());
  ASSERT_TRUE(put("a", 2));
  EXPECT_EQ(cached("a"), 2);
  Txn txn = db_->begin();
  txn.erase(kRules, {"a"});
  ASSERT_TRUE(commit(txn));
  EXPECT_EQ(cached("a"), -1);
}

TEST_F(RowCacheTest, ATransactionThatReliesOnAChangedRowConflicts) {
  ASSERT_TRUE(put("a", 1));
  Txn relies = db_->begin();
  ASSERT_EQ((*rules_->find(relies, {"a"}))->count, 1);
  ASSERT_EQ(*rules_->find(relies, {"b"}), nullptr);
  ASSERT_TRUE(put("b", 1));
  relies.put(kOthers, {"made", 1});
  const Result<void> refused = commit(relies);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
}

TEST_F(RowCacheTest, ATransactionSeesWhatItHasWritten) {
  ASSERT_TRUE(put("a", 1));
  EXPECT_EQ(cached("a"), 1);
  Txn txn = db_->begin();
  txn.put(kRules, {"a", 2});
  EXPECT_EQ((*rules_->find(txn, {"a"}))->count, 2);
  txn.erase(kRules, {"a"});
  EXPECT_EQ(*rules_->find(txn, {"a"}), nullptr);
  EXPECT_EQ(cached("a"), 1);
}

TEST_F(RowCacheTest, HoldsNoMoreThanItMay) {
  Txn txn = db_->begin();
  for (int i = 0; i < 100; ++i) txn.put(kRules, {std::to_string(i), i, std::string(200, 'x')});
  txn.put(kRules, {"large", 7, std::string(2 * kBytesMax, 'x')});
  ASSERT_TRUE(commit(txn));
  std::vector<std::weak_ptr<const Rule>> seen;
  for (int i = 0; i < 100; ++i) {
    const auto found = rules_->find({std::to_string(i)});
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->count, i);
    seen.push_back(*found);
  }
  EXPECT_EQ(cached("large"), 7);
  size_t held = 0;
  for (const auto& row : seen) held += row.expired() ? 0 : 1;
  EXPECT_LE(held, kBytesMax / 200);
}

// Nobody who has been told that a count was committed is answered a smaller one, whoever fills the
// cache meanwhile.
TEST_F(RowCacheTest, IsNeverOlderThanWhatWasAnswered) {
  std::atomic<bool> ended = false;
  std::vector<std::future<int64_t>> readers;
  std::atomic<int64_t> answered = 0;
  ASSERT_TRUE(put("a", 0));
  for (int i = 0; i < 3; ++i) {
    readers.push_back(std::async(std::launch::async, [&] {
      int64_t older = 0;
      while (!ended) {
        const int64_t known = answered;
        older += cached("a") < known ? 1 : 0;
      }
      return older;
    }));
  }
  for (int64_t count = 1; count <= 300; ++count) {
    Txn txn = db_->begin();
    txn.put(kRules, {"a", count});
    EXPECT_TRUE(runtime::run_task(loop_, txn.commit_lazily()));
    answered = count;
  }
  ended = true;
  for (auto& reader : readers) EXPECT_EQ(reader.get(), 0);
}

}  // namespace
}  // namespace millrace::store
