#include "runtime/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace millrace::runtime {
namespace {

TEST(SeededRandom, RepeatsItsSeedAndNoOther) {
  const auto one = make_seeded_random(7);
  const auto same = make_seeded_random(7);
  const auto other = make_seeded_random(8);
  const std::string first = one->hex(20);
  EXPECT_EQ(first, same->hex(20));
  EXPECT_NE(first, other->hex(20));
  EXPECT_NE(first, one->hex(20));
}

// 13 is not a multiple of what the engine makes at a time.
TEST(SeededRandom, FillsEveryByteAndNotOneMore) {
  const auto random = make_seeded_random(1);
  std::array<std::set<char>, 13> seen;
  for (int round = 0; round < 64; ++round) {
    std::array<char, 14> bytes{};
    random->fill(bytes.data(), 13);
    for (size_t i = 0; i < 13; ++i) seen[i].insert(bytes[i]);
    EXPECT_EQ(bytes[13], 0);
  }
  for (const std::set<char>& values : seen) EXPECT_GT(values.size(), 16U);
}

TEST(SystemRandom, NeverRepeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto random = make_system_random();
    EXPECT_TRUE(seen.insert(random->hex(16)).second);
  }
}

TEST(Random, TextsHaveTheirAlphabetAndLength) {
  const auto random = make_seeded_random(3);
  EXPECT_EQ(random->hex(9).size(), 18U);
  EXPECT_EQ(random->hex(9).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(random->alphanumeric(0), "");
  const std::string text = random->alphanumeric(4000);
  EXPECT_EQ(text.size(), 4000U);
  EXPECT_EQ(std::set<char>(text.begin(), text.end()).size(), 36U);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(),
                          [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }));
}

// RFC 9562: the version is 4, the variant's two bits are 10.
TEST(Random, UuidsAreOfVersion4) {
  const auto random = make_seeded_random(4);
  std::set<char> variants;
  for (int i = 0; i < 100; ++i) {
    const std::string id = random->uuid();
    ASSERT_EQ(id.size(), 36U);
    for (const size_t dash : {8U, 13U, 18U, 23U}) EXPECT_EQ(id[dash], '-');
    EXPECT_EQ(std::count(id.begin(), id.end(), '-'), 4);
    EXPECT_EQ(id[14], '4');
    variants.insert(id[19]);
  }
  EXPECT_EQ(variants, (std::set<char>{'8', '9', 'a', 'b'}));
}

}  // namespace
}  // namespace millrace::runtime
