#include <algorithm>
#include <set>

#include "engines/objects/objects_fixture.h"

namespace millrace::objects {
namespace {

using ListingTest = ObjectsTest;

std::vector<std::string> keys_of(const Listing& listing) {
  std::vector<std::string> keys;
  for (const Entry& entry : listing.entries) keys.push_back(entry.object_key);
  return keys;
}

// What a listing answers, by definition.
std::vector<std::string> expected(const std::set<std::string>& keys, const std::string& prefix,
                                  const std::string& delimiter) {
  std::vector<std::string> out;
  for (const std::string& key : keys) {
    if (!key.starts_with(prefix)) continue;
    const size_t found = delimiter.empty() ? std::string::npos : key.find(delimiter, prefix.size());
    const std::string shown =
        found == std::string::npos ? key : key.substr(0, found + delimiter.size()) + "*";
    if (out.empty() || out.back() != shown) out.push_back(shown);
  }
  return out;
}

TEST_F(ListingTest, GroupsAndPagesAreTheDefinitions) {
  const std::vector<std::string> pieces = {"a", "b/", "/", "é", std::string(1, '\0'), "\xFF", "//"};
  std::set<std::string> keys;
  for (int i = 0; i < 300; ++i) {
    std::string key;
    const uint64_t length = 1 + random_->next() % 5;
    for (uint64_t j = 0; j < length; ++j) key += pieces[random_->next() % pieces.size()];
    ASSERT_TRUE(put(key, "x"));
    keys.insert(key);
  }
  for (const std::string prefix : {"", "a", "b/", "é", "b/a", "zz"}) {
    for (const std::string delimiter : {"", "/", "//", "a", "é"}) {
      for (const size_t limit : {1, 2, 7, 1000}) {
        std::vector<std::string> seen;
        std::string after;
        for (;;) {
          auto page = list(prefix, delimiter, after, limit);
          ASSERT_TRUE(page) << page.error().message;
          std::vector<std::string> shown = keys_of(*page);
          EXPECT_LE(shown.size() + page->groups.size(), limit);
          for (const std::string& group : page->groups) shown.push_back(group + "*");
          std::ranges::sort(shown, [](std::string a, std::string b) { return a < b; });
          seen.insert(seen.end(), shown.begin(), shown.end());
          after = page->last;
          if (!page->truncated) break;
        }
        std::vector<std::string> wanted = expected(keys, prefix, delimiter);
        std::ranges::sort(wanted);
        std::ranges::sort(seen);
        EXPECT_EQ(seen, wanted) << prefix << " by " << delimiter << " at " << limit;
      }
    }
  }
}

TEST_F(ListingTest, AfterIsExclusiveAndNeedNotExist) {
  for (const char* key : {"a", "b", "c", "d/1", "d/2", "e"}) ASSERT_TRUE(put(key, "x"));
  EXPECT_EQ(keys_of(*list("", "", "b")), (std::vector<std::string>{"c", "d/1", "d/2", "e"}));
  EXPECT_EQ(keys_of(*list("", "", "bb")), (std::vector<std::string>{"c", "d/1", "d/2", "e"}));
  EXPECT_EQ(keys_of(*list("", "/", "d/")), (std::vector<std::string>{"e"}));
  EXPECT_EQ(list("", "/", "d/1")->groups, (std::vector<std::string>{"d/"}));
  EXPECT_EQ(keys_of(*list("d/", "/", "a")), (std::vector<std::string>{"d/1", "d/2"}));
  EXPECT_TRUE(list("", "", "z")->entries.empty());
  const auto none = list("", "", "", 0);
  EXPECT_TRUE(none->entries.empty());
  EXPECT_FALSE(none->truncated);
  EXPECT_EQ(objects_->list({"none", "", "", "", 1}).error().kind, ErrorKind::not_found);
}

TEST_F(ListingTest, UploadsAreListedByKeyAndBeginning) {
  const Upload second = begin("b");
  clock_->advance(seconds(1));
  const Upload third = begin("b");
  const Upload first = begin("a");
  begin("c/1");
  begin("c/2");
  ListUploadsRequest request{.bucket = "b", .delimiter = "/", .limit = 2};
  auto page = objects_->uploads(request);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->uploads.size(), 2U);
  EXPECT_EQ(page->uploads[0].id, first.id);
  EXPECT_EQ(page->uploads[1].id, second.id);
  EXPECT_TRUE(page->truncated);
  request.after_key = page->last_key;
  request.after_upload = page->last_upload;
  page = objects_->uploads(request);
  ASSERT_EQ(page->uploads.size(), 1U);
  EXPECT_EQ(page->uploads[0].id, third.id);
  EXPECT_EQ(page->groups, (std::vector<std::string>{"c/"}));
  EXPECT_FALSE(page->truncated);
  request.after_key = "b";
  request.after_upload = "";
  EXPECT_TRUE(objects_->uploads(request)->uploads.empty());
}

}  // namespace
}  // namespace millrace::objects
