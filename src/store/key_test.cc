#include "store/key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace millrace::store {
namespace {

using Key = std::tuple<std::string, int64_t, uint64_t, Realm, Time>;

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = {"",
                                               std::string(1, '\0'),
                                               std::string(2, '\0'),
                                               std::string("\0\xFF", 2),
                                               "\x01",
                                               "a",
                                               std::string("a\0", 2),
                                               std::string("a\0b", 3),
                                               "a\x01",
                                               "ab",
                                               "b",
                                               "\xC3\xA4",
                                               "\xE2\x82\xAC",
                                               "\xF0\x9F\x98\x80",
                                               "\xFF",
                                               "\xFF\xFF"};
  return all;
}

TEST(Key, OrderIsTheOrderOfTheTuples) {
  std::vector<Key> keys;
  const std::vector<int64_t> numbers = {std::numeric_limits<int64_t>::min(), -1, 0, 1, 256,
                                        std::numeric_limits<int64_t>::max()};
  for (const std::string& text : texts()) {
    for (const int64_t number : numbers) {
      const auto positive = static_cast<uint64_t>(number);
      keys.emplace_back(text, number, positive, Realm{text, "r"}, Time(microseconds(number)));
      keys.emplace_back(text, number, 7, Realm{"a", text}, Time{});
    }
  }
  for (const Key& a : keys) {
    const Bytes encoded = encode_key(a);
    EXPECT_EQ(decode_key<Key>(encoded), a);
    for (const Key& b : keys) ASSERT_EQ(a < b, encoded < encode_key(b));
  }
}

TEST(Key, PrefixHoldsExactlyTheKeysThatBeginWithIt) {
  const Realm realm{"000000000000", "us-east-1"};
  const Bytes key = key_prefix(realm, "bucket", std::string("photos/a.jpg"));
  EXPECT_TRUE(key.starts_with(key_prefix(realm, "bucket")));
  EXPECT_TRUE(key.starts_with(key_prefix(realm, "bucket", StartsWith{"photos/"})));
  EXPECT_FALSE(key.starts_with(key_prefix(realm, "buck")));
  EXPECT_TRUE(key.starts_with(key_prefix(realm, StartsWith{"buck"})));
}

TEST(Key, AfterPrefixIsTheNextThatDoesNotBegin) {
  EXPECT_EQ(key_after_prefix("ab"), "ac");
  EXPECT_EQ(key_after_prefix("a\xFF\xFF"), "b");
  EXPECT_EQ(key_after_prefix("\xFF"), "");
}

TEST(Key, DamageIsRefused) {
  const Bytes whole = encode_key(std::tuple<std::string, int64_t>("a\x01", 5));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE((decode_key<std::tuple<std::string, int64_t>>(whole.substr(0, size))));
  }
  EXPECT_FALSE((decode_key<std::tuple<std::string, int64_t>>(whole + "x")));
  EXPECT_FALSE((decode_key<std::tuple<std::string>>(std::string("a\0\x01", 3))));
}

}  // namespace
}  // namespace millrace::store
