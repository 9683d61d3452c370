#include "engines/metrics/logs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engines/metrics/limits.h"
#include "engines/metrics/log_pattern.h"
#include "engines/metrics/log_reader.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/test_folder.h"

namespace millrace::metrics {
namespace {

const Realm kRealm{"000000000000", "us-east-1"};
const Time kStart{std::chrono::hours(24 * 365 * 50)};

Time at(int64_t second) { return kStart + seconds(second); }

class LogsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    open();
  }
  void open() {
    logs_.reset();
    db_.reset();
    auto opened = store::Database::open({.path = folder_.path() / "rows"});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
    logs_.emplace(*db_, *clock_, *random_);
  }
  template <class T>
  Result<T> run(Task<T> task) {
    if constexpr (std::is_void_v<T>) {
      return runtime::run_task(loop_, std::move(task));
    } else {
      return runtime::run_task_for(loop_, std::move(task));
    }
  }
  Result<size_t> append(std::vector<LogEvent> events, const std::string& stream = "s",
                        bool create = true) {
    return run(logs_->append(kRealm, "g", stream, std::move(events), {.create = create}));
  }
  ReadQuery query(const std::string& stream = "s") {
    return {.realm = kRealm,
            .group = "g",
            .stream = stream,
            .start = {},
            .end = {},
            .from_head = true,
            .position = {}};
  }
  FilterQuery filter() {
    return {.realm = kRealm,
            .group = "g",
            .streams = {},
            .prefix = {},
            .start = {},
            .end = {},
            .after = {}};
  }
  static std::string texts(const std::vector<StoredEvent>& events) {
    std::string all;
    for (const StoredEvent& event : events) all += event.text + " ";
    return all;
  }
  std::string texts(const ReadQuery& query) {
    const auto page = logs_->read(query);
    return page ? texts(page->events) : page.error().message;
  }

  store::TestFolder folder_;
  runtime::Loop loop_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(at(0));
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(5);
  std::unique_ptr<store::Database> db_;
  std::optional<Logs> logs_;
};

TEST_F(LogsTest, WhatWasAppendedIsThereAfterReopening) {
  EXPECT_EQ(*append({{at(1), "a"}, {at(2), "b"}}), 2U);
  open();
  EXPECT_EQ(texts(query()), "a b ");
  const auto stream = logs_->stream(kRealm, "g", "s");
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->first_event, at(1));
  EXPECT_EQ(stream->last_event, at(2));
  EXPECT_EQ(stream->stored_bytes, 2 + 2 * 26);
}

TEST_F(LogsTest, GroupsAndStreamsMustBeThere) {
  const auto missing = append({{at(1), "a"}}, "s", false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, kNoSuchGroup);
  ASSERT_TRUE(run(logs_->create_group({.realm = kRealm, .name = "g"})));
  EXPECT_EQ(run(logs_->create_group({.realm = kRealm, .name = "g"})).error().kind,
            ErrorKind::already_exists);
  EXPECT_EQ(append({{at(1), "a"}}, "s", false).error().message, kNoSuchStream);
  ASSERT_TRUE(run(logs_->create_stream(kRealm, "g", "s")));
  EXPECT_EQ(run(logs_->create_stream(kRealm, "g", "s")).error().kind, ErrorKind::already_exists);
  EXPECT_EQ(*append({{at(1), "a"}}, "s", false), 1U);
  EXPECT_EQ(logs_->read({.realm = {"1", "r"}, .group = "g", .stream = "s"}).error().kind,
            ErrorKind::not_found);
}

TEST_F(LogsTest, LinesAreOrderedByTimeThenArrival) {
  ASSERT_TRUE(append({{at(5), "c"}, {at(1), "a"}, {at(300), "e"}}));
  ASSERT_TRUE(append({{at(3), "b"}, {at(5), "d"}, {at(400), "f"}}));
  EXPECT_EQ(texts(query()), "a b c d e f ");
  ReadQuery window = query();
  window.start = at(3);
  window.end = at(300);
  EXPECT_EQ(texts(window), "b c d ");
  window.from_head = false;
  window.limit = 2;
  EXPECT_EQ(texts(window), "c d ");
}

TEST_F(LogsTest, CursorsDropWhatWasSeen) {
  EXPECT_EQ(*append({{at(1), "a", 10}, {at(2), "b", 20}}), 2U);
  EXPECT_EQ(*append({{at(1), "a", 10}, {at(2), "b", 20}}), 0U);
  open();
  EXPECT_EQ(*append({{at(2), "b", 20}, {at(3), "c", 30}, {at(4), "free"}}), 2U);
  EXPECT_EQ(texts(query()), "a b c free ");
}

TEST_F(LogsTest, TokensGoForwardsAndBackwards) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append({{at(i * 20), std::to_string(i)}}));
  ReadQuery forward = query();
  forward.limit = 4;
  auto page = logs_->read(forward);
  EXPECT_EQ(texts(page->events), "0 1 2 3 ");
  forward.position = page->forward;
  page = logs_->read(forward);
  EXPECT_EQ(texts(page->events), "4 5 6 7 ");
  ReadQuery back = query();
  back.limit = 3;
  back.position = page->backward;
  EXPECT_EQ(texts(back), "1 2 3 ");
  forward.position = page->forward;
  page = logs_->read(forward);
  EXPECT_EQ(texts(page->events), "8 9 ");
  // At the end the same token comes back, until there is more.
  forward.position = page->forward;
  page = logs_->read(forward);
  EXPECT_TRUE(page->events.empty());
  EXPECT_EQ(page->forward, forward.position);
  ASSERT_TRUE(append({{at(500), "10"}}));
  EXPECT_EQ(texts(forward), "10 ");
  ReadQuery tail = query();
  tail.from_head = false;
  tail.limit = 2;
  page = logs_->read(tail);
  EXPECT_EQ(texts(page->events), "9 10 ");
  tail.position = page->backward;
  EXPECT_EQ(texts(tail), "7 8 ");
}

TEST_F(LogsTest, EmptyStreamsHaveTokensThatFindWhatComes) {
  ASSERT_TRUE(run(logs_->create_group({.realm = kRealm, .name = "g"})));
  ASSERT_TRUE(run(logs_->create_stream(kRealm, "g", "s")));
  for (const bool from_head : {true, false}) {
    ReadQuery read = query();
    read.from_head = from_head;
    const auto page = logs_->read(read);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->forward.size(), 58U);
    ASSERT_TRUE(append({{at(1), "x"}}, "s"));
    read.position = page->forward;
    EXPECT_FALSE(texts(read).empty());
  }
}

TEST_F(LogsTest, TokensThatAreNoneAreRefused) {
  ASSERT_TRUE(append({{at(1), "a"}}));
  for (const char* token : {"x", "f/", "f/12",
                            "c/00000000000000000000000000000000000000000000000"
                            "000000000",
                            "f/99999999999999999999999999999999999999999999999999"
                            "999999"}) {
    ReadQuery read = query();
    read.position = token;
    EXPECT_EQ(logs_->read(read).error().kind, ErrorKind::invalid) << token;
  }
  FilterQuery search = filter();
  search.after = "zz";
  EXPECT_EQ(logs_->filter(search).error().kind, ErrorKind::invalid);
}

// Against a plain sort: many overlapping segments, both directions, all page sizes.
TEST_F(LogsTest, ReadsEveryLineOnceInOrder) {
  std::mt19937 random(9);
  struct Line {
    Time time;
    int arrival;
  };
  std::vector<Line> all;
  for (int batch = 0; batch < 60; ++batch) {
    std::vector<LogEvent> events;
    const int64_t base = random() % 600;
    for (size_t i = 0; i < 1 + random() % 20; ++i) {
      events.push_back({at(base + random() % 200), std::to_string(all.size())});
      all.push_back({events.back().time, static_cast<int>(all.size())});
    }
    ASSERT_TRUE(append(std::move(events)));
  }
  std::ranges::sort(all, [](const Line& a, const Line& b) {
    return std::pair(a.time, a.arrival) < std::pair(b.time, b.arrival);
  });
  for (const size_t limit : {1U, 7U, 64U, 10'000U}) {
    ReadQuery forward = query();
    forward.limit = limit;
    std::vector<std::string> seen;
    for (auto page = logs_->read(forward); !page->events.empty(); page = logs_->read(forward)) {
      for (const StoredEvent& event : page->events) seen.push_back(event.text);
      forward.position = page->forward;
    }
    ASSERT_EQ(seen.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(seen[i], std::to_string(all[i].arrival));
    ReadQuery back = query();
    back.from_head = false;
    back.limit = limit;
    std::vector<std::string> reversed;
    for (auto page = logs_->read(back); !page->events.empty(); page = logs_->read(back)) {
      for (auto it = page->events.rbegin(); it != page->events.rend(); ++it) {
        reversed.push_back(it->text);
      }
      back.position = page->backward;
    }
    std::ranges::reverse(reversed);
    EXPECT_EQ(reversed, seen);
  }
}

TEST_F(LogsTest, LargeAppendsAreCutIntoSegments) {
  std::vector<LogEvent> events;
  for (int i = 0; i < 40; ++i) {
    events.push_back({at(1), std::string(100'000, static_cast<char>('a' + i % 26))});
  }
  ASSERT_TRUE(append(events));
  ReadQuery read = query();
  const auto page = logs_->read(read);
  EXPECT_EQ(page->events.size(), 10U);  // A page is bounded in bytes.
  read.position = page->forward;
  EXPECT_EQ(logs_->read(read)->events.front().text, events[10].text);
  ASSERT_TRUE(append({{at(2), std::string(2'000'000, 'z')}}, "huge"));
  EXPECT_EQ(logs_->read(query("huge"))->events.size(), 1U);
  EXPECT_EQ(append({{at(2), std::string(kAppendBytesMax, 'z')}}).error().kind, ErrorKind::invalid);
}

TEST_F(LogsTest, FilterMergesStreamsByTime) {
  for (int i = 0; i < 12; ++i) {
    const std::string stream = i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "other";
    ASSERT_TRUE(append({{at(i / 2), (i % 2 == 0 ? "odd" : "even") + std::to_string(i)}}, stream));
  }
  // Where times are equal, by the stream's name.
  constexpr std::string_view kAll =
      "odd0 even1 even3 odd2 odd4 even5 odd6 even7 even9 odd8 odd10 even11 ";
  FilterQuery search = filter();
  EXPECT_EQ(texts(logs_->filter(search)->events), kAll);
  const auto even = LogPattern::parse("even");
  search.pattern = &*even;
  EXPECT_EQ(texts(logs_->filter(search)->events), "even1 even3 even5 even7 even9 even11 ");
  search.streams = {"b", "a", "b"};
  search.start = at(1);
  search.end = at(5);
  EXPECT_EQ(texts(logs_->filter(search)->events), "even3 even7 even9 ");
  search = filter();
  search.prefix = "oth";
  EXPECT_EQ(texts(logs_->filter(search)->events), "odd2 even5 odd8 even11 ");
  search.streams = {"none"};
  EXPECT_EQ(logs_->filter(search).error().message, kNoSuchStream);
  for (const size_t limit : {1U, 2U, 5U}) {
    search = filter();
    search.limit = limit;
    std::string all;
    size_t pages = 0;
    do {
      const auto page = logs_->filter(search);
      ASSERT_TRUE(page);
      EXPECT_LE(page->events.size(), limit);
      all += texts(page->events);
      search.after = page->next;
    } while (!search.after.empty() && ++pages < 100);
    EXPECT_EQ(all, kAll);
  }
}

TEST_F(LogsTest, FilterLooksAtSoMuchForOnePage) {
  std::vector<LogEvent> events;
  for (int i = 0; i < 12; ++i) events.push_back({at(i), std::string(1'000'000, 'x')});
  for (int round = 0; round < 3; ++round) ASSERT_TRUE(append(events));
  ASSERT_TRUE(append({{at(100), "needle"}}));
  const auto pattern = LogPattern::parse("needle");
  FilterQuery search = filter();
  search.pattern = &*pattern;
  auto page = logs_->filter(search);
  EXPECT_TRUE(page->events.empty());
  ASSERT_FALSE(page->next.empty());
  search.after = page->next;
  page = logs_->filter(search);
  EXPECT_EQ(texts(page->events), "needle ");
  EXPECT_TRUE(page->next.empty());
}

TEST_F(LogsTest, DeletedIsGoneAlsoFromTheDisk) {
  ASSERT_TRUE(append({{at(1), "old"}}));
  ASSERT_TRUE(run(logs_->delete_stream(kRealm, "g", "s")));
  EXPECT_EQ(run(logs_->delete_stream(kRealm, "g", "s")).error().message, kNoSuchStream);
  ASSERT_TRUE(append({{at(1), "new", 1}}));
  EXPECT_EQ(texts(query()), "new ");
  ASSERT_TRUE(run(logs_->sweep()));
  EXPECT_EQ(texts(query()), "new ");
  ASSERT_TRUE(run(logs_->delete_group(kRealm, "g")));
  EXPECT_EQ(texts(query()), kNoSuchGroup);
  EXPECT_EQ(run(logs_->delete_group(kRealm, "g")).error().message, kNoSuchGroup);
  ASSERT_TRUE(run(logs_->sweep()));
  store::Txn txn = db_->begin();
  EXPECT_TRUE(txn.scan(kLogSegments, {})->empty());
  EXPECT_TRUE(txn.scan(kLogSegmentEnds, {})->empty());
  EXPECT_TRUE(txn.scan(kDoomedStreams, {})->empty());
  EXPECT_TRUE(txn.scan(kLogStreams, {})->empty());
}

TEST_F(LogsTest, RetentionFollowsTheClock) {
  ASSERT_TRUE(append({{at(0), "old"}, {at(3'600 * 30), "new"}}));
  ASSERT_TRUE(run(logs_->set_retention(kRealm, "g", 1)));
  clock_->advance(std::chrono::hours(25));
  EXPECT_EQ(texts(query()), "new ");
  EXPECT_EQ(texts(logs_->filter(filter())->events), "new ");
  ASSERT_TRUE(run(logs_->sweep()));
  {
    store::Txn txn = db_->begin();
    EXPECT_EQ(txn.scan(kLogSegments, {})->size(), 1U);
  }
  EXPECT_EQ(logs_->stream(kRealm, "g", "s")->first_event, at(3'600 * 30));
  EXPECT_EQ(logs_->stream(kRealm, "g", "s")->stored_bytes, 3 + 26);
  ASSERT_TRUE(run(logs_->set_retention(kRealm, "g", {})));
  clock_->advance(std::chrono::hours(24 * 3'650));
  ASSERT_TRUE(run(logs_->sweep()));
  EXPECT_EQ(texts(query()), "new ");
}

TEST_F(LogsTest, ListsGroupsAndStreams) {
  for (const char* name : {"/aws/a", "/aws/b", "zoo"}) {
    ASSERT_TRUE(run(logs_->create_group({.realm = kRealm, .name = name, .tags = {{"k", name}}})));
  }
  auto groups =
      logs_->groups({.realm = kRealm, .prefix = "/aws", .contains = {}, .after = {}, .limit = 1});
  EXPECT_EQ(groups->groups.at(0).group.name, "/aws/a");
  EXPECT_TRUE(groups->more);
  groups = logs_->groups({.realm = kRealm, .prefix = {}, .contains = {}, .after = "/aws/a"});
  EXPECT_EQ(groups->groups.size(), 2U);
  EXPECT_FALSE(groups->more);
  groups = logs_->groups({.realm = kRealm, .prefix = {}, .contains = "oo", .after = {}});
  EXPECT_EQ(groups->groups.at(0).group.tags.at("k"), "zoo");

  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(append({{at(100 - i), "x"}}, "s" + std::to_string(i)));
  }
  for (const bool by_time : {false, true}) {
    for (const bool descending : {false, true}) {
      StreamQuery all{.realm = kRealm,
                      .group = "g",
                      .prefix = "s",
                      .by_last_event = by_time,
                      .descending = descending,
                      .after = {},
                      .limit = 2};
      std::string names;
      size_t pages = 0;
      do {
        const auto page = logs_->streams(all);
        ASSERT_TRUE(page);
        for (const LogStream& stream : page->streams) names += stream.name;
        all.after = page->next;
      } while (!all.after.empty() && ++pages < 10);
      EXPECT_EQ(names, by_time != descending ? "s4s3s2s1s0" : "s0s1s2s3s4");
    }
  }
}

TEST_F(LogsTest, PositionsAreTexts) {
  const LogPosition position{at(3), 7, 12};
  const std::string text = to_text(position, 12345678901234567890U);
  EXPECT_EQ(text.size(), 56U);
  EXPECT_EQ(parse_position(text), position);
  EXPECT_LT(to_text({at(-5), 9, 0}, 1), to_text({at(5), 1, 0}, 1));
  EXPECT_FALSE(parse_position(text.substr(1)));
}

}  // namespace
}  // namespace millrace::metrics
