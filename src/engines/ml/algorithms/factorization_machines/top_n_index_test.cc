#include "engines/ml/algorithms/factorization_machines/top_n_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {
namespace {

struct Catalogue {
  std::vector<float> vectors;
  std::vector<float> biases;
  std::vector<float> user;
  size_t items = 0;
  size_t factors = 0;
};

enum class Kind { normal, ties, spread, huge, small, whole, zero_user };

Catalogue make_catalogue(Kind kind, size_t items, size_t factors, uint64_t seed) {
  Generator generator(seed);
  Catalogue made{.vectors = {}, .biases = {}, .user = {}, .items = items, .factors = factors};
  for (size_t item = 0; item < items; ++item) {
    double scale = 1;
    if (kind == Kind::spread) scale = std::exp(6 * generator.normal());
    if (kind == Kind::huge) scale = 1e17;
    if (kind == Kind::small) scale = 1e-19;
    for (size_t f = 0; f < factors; ++f) {
      double value = scale * generator.normal();
      if (kind == Kind::ties) value = static_cast<double>(generator.below(2));
      if (kind == Kind::whole) value = std::round(2 * value);
      made.vectors.push_back(static_cast<float>(value));
    }
    const bool biased = seed % 2 == 0 && kind != Kind::small;
    made.biases.push_back(biased ? static_cast<float>(scale * generator.normal()) : 0.0f);
  }
  for (size_t f = 0; f < factors; ++f) {
    double value = kind == Kind::zero_user ? 0 : generator.normal();
    if (kind == Kind::ties || kind == Kind::whole) value = std::round(value);
    if (kind == Kind::huge) value *= 1e17;
    if (kind == Kind::small) value *= 1e-19;
    made.user.push_back(static_cast<float>(value));
  }
  return made;
}

std::vector<Hit> brute_force(const TopNIndex& index, const TopNIndex::Query& query) {
  const std::vector<float> user = index.padded(query.user);
  std::vector<Hit> all;
  for (size_t item = 0; item < index.items(); ++item) {
    if (!query.allowed.empty() && (query.allowed[item / 64] >> (item % 64) & 1) == 0) continue;
    all.push_back({static_cast<uint32_t>(item), index.score(user, query.biases[item], item)});
  }
  std::sort(all.begin(), all.end(), [](const Hit& a, const Hit& b) {
    return a.score > b.score || (a.score == b.score && a.item < b.item);
  });
  all.resize(std::min(all.size(), query.n));
  return all;
}

TEST(TopNIndex, FindsExactlyWhatBruteForceFinds) {
  for (const Kind kind : {Kind::normal, Kind::ties, Kind::spread, Kind::huge, Kind::small,
                          Kind::whole, Kind::zero_user}) {
    for (uint64_t seed = 0; seed < 24; ++seed) {
      const size_t items = std::array{1, 16, 63, 65, 300, 2000}[seed % 6];
      const size_t factors = std::array{1, 3, 16, 64, 65, 200, 7}[seed % 7];
      Catalogue made = make_catalogue(kind, items, factors, seed);
      const auto index = TopNIndex::make(made.vectors, items, factors);
      ASSERT_TRUE(index) << index.error().message;
      made.biases.resize(index->padded_items());
      std::vector<uint64_t> some(items / 64 + 1);
      Generator generator(seed);
      for (uint64_t& word : some) word = generator.next() & generator.next();
      for (const size_t n : {size_t{0}, size_t{1}, size_t{10}, items, items + 5}) {
        for (const bool filtered : {false, true}) {
          TopNIndex::Query query{.user = made.user, .biases = made.biases, .allowed = {}, .n = n};
          if (filtered) query.allowed = some;
          const auto found = index->find(query);
          ASSERT_TRUE(found) << found.error().message;
          EXPECT_EQ(*found, brute_force(*index, query))
              << static_cast<int>(kind) << " " << seed << " " << n << " " << filtered;
        }
      }
    }
  }
}

// Items that differ by less than the codes can tell: the second pass must decide.
TEST(TopNIndex, TellsItemsApartThatHaveTheSameCodes) {
  constexpr size_t kItems = 1000;
  constexpr size_t kFactors = 32;
  Generator generator(3);
  std::vector<float> vectors;
  std::vector<float> first(kFactors);
  for (float& value : first) value = static_cast<float>(generator.normal());
  for (size_t item = 0; item < kItems; ++item) {
    for (const float value : first) {
      vectors.push_back(value * (1 + 1e-6f * static_cast<float>(generator.normal())));
    }
  }
  const auto index = TopNIndex::make(vectors, kItems, kFactors);
  ASSERT_TRUE(index);
  const std::vector<float> biases(index->padded_items());
  for (const float sign : {1.0f, -1.0f}) {
    std::vector<float> user = first;
    for (float& value : user) value *= sign;
    const TopNIndex::Query query{.user = user, .biases = biases, .allowed = {}, .n = 10};
    EXPECT_EQ(*index->find(query), brute_force(*index, query));
  }
}

TEST(TopNIndex, RefusesWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {nan, infinity, -infinity}) {
    EXPECT_FALSE(TopNIndex::make(std::vector<float>{1, 2, bad, 4}, 2, 2));
    const auto index = TopNIndex::make(std::vector<float>{1, 2, 3, 4}, 2, 2);
    const std::vector<float> biases(64);
    const std::vector<float> user = {bad, 1};
    const auto found = index->find({.user = user, .biases = biases, .allowed = {}, .n = 1});
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message.find("finite"), std::string::npos);
  }
  // Finite, but their product is not.
  const auto index = TopNIndex::make(std::vector<float>{1e30f, 1e30f}, 1, 2);
  const std::vector<float> biases(64);
  const std::vector<float> user = {1e30f, 1e30f};
  EXPECT_FALSE(index->find({.user = user, .biases = biases, .allowed = {}, .n = 1}));
  EXPECT_EQ(TopNIndex::make({}, 0, kIndexFactorsMax + 1).error().kind, ErrorKind::exhausted);
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
