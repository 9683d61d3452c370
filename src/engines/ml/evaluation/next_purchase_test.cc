#include "engines/ml/evaluation/next_purchase.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engines/ml/evaluation/ranking_study.h"
#include "engines/ml/generator.h"

namespace millrace::ml::evaluation {
namespace {

constexpr int64_t kDay = 86'400;

std::vector<uint32_t> features_of(const PurchaseFeatures& features, uint32_t user, uint32_t item) {
  std::vector<uint32_t> all;
  features.of_user(user, all);
  std::vector<uint32_t> buckets;
  for (size_t field = 0; field < features.fields(); ++field) {
    const uint32_t feature = all[item * features.fields() + field];
    buckets.push_back(feature - static_cast<uint32_t>(field * PurchaseFeatures::kBuckets));
  }
  return buckets;
}

TEST(PurchaseFeatures, SayWhatIsKnownAtTheMoment) {
  // User 0 buys item 0 on days 0, 10 and 20, twice on the last; user 1 buys items 0 and 1 on day 5.
  const std::vector<Interaction> history = {{0, 0, 0},         {0, 0, 10 * kDay}, {0, 0, 20 * kDay},
                                            {0, 0, 20 * kDay}, {1, 0, 5 * kDay},  {1, 1, 5 * kDay}};
  const InteractionMatrix matrix(history, 2, 3);
  const auto popularity = make_popularity(matrix);
  const PurchaseFeatures features({.history = history,
                                   .users = 2,
                                   .items = 3,
                                   .now = 30 * kDay,
                                   .window = 15 * kDay,
                                   .rankers = {popularity.get()}});
  ASSERT_EQ(features.fields(), 8);
  EXPECT_EQ(features.feature_dim(), 8 * PurchaseFeatures::kBuckets);
  // 2 users; 2 recent purchases; 3 times; in all of 3 baskets; 10 days ago, of 10 between two;
  // 3 baskets; the first of all by popularity.
  EXPECT_EQ(features_of(features, 0, 0), (std::vector<uint32_t>{3, 3, 4, 17, 7, 8, 4, 1}));
  // 1 user, none lately, never bought, the second.
  EXPECT_EQ(features_of(features, 0, 1), (std::vector<uint32_t>{1, 0, 0, 0, 0, 0, 4, 3}));
  // Nobody's: popularity says nothing of it.
  EXPECT_EQ(features_of(features, 1, 2), (std::vector<uint32_t>{0, 0, 0, 0, 0, 0, 1, 0}));
  std::vector<uint32_t> all;
  features.of_user(0, all);
  const auto of_item = [&](size_t item) { return std::span(all).subspan(item * 8, 8); };
  EXPECT_TRUE(features.is_candidate(of_item(0), 1));
  EXPECT_FALSE(features.is_candidate(of_item(1), 1));
  EXPECT_TRUE(features.is_candidate(of_item(1), 2));
  EXPECT_FALSE(features.is_candidate(of_item(2), 100));
}

// Every user has favourites that run out after a time of their own; what is due is what is bought.
std::vector<Interaction> make_purchases(uint32_t users, uint32_t items, int64_t days) {
  Generator generator(3);
  std::vector<Interaction> all;
  for (uint32_t user = 0; user < users; ++user) {
    for (int favourite = 0; favourite < 6; ++favourite) {
      const auto item = static_cast<uint32_t>(std::pow(generator.uniform(), 2) * items);
      const double gap = 8 + 60 * generator.uniform();
      for (double day = gap * generator.uniform(); day < static_cast<double>(days);
           day += gap * (0.9 + 0.2 * generator.uniform())) {
        all.push_back({user, item, static_cast<int64_t>(day) * kDay});
      }
    }
  }
  return all;
}

struct Moment {
  Moment(const std::vector<Interaction>& all, uint32_t users, uint32_t items, int64_t day)
      : split(cut(all, day * kDay)),
        before(split.train, users, items),
        after(split.test, users, items),
        popularity(make_popularity(before)),
        features({.history = split.train,
                  .users = users,
                  .items = items,
                  .now = day * kDay,
                  .window = kLength,
                  .rankers = {popularity.get()}}) {}

  static TimeSplit cut(const std::vector<Interaction>& all, int64_t now) {
    std::vector<Interaction> until;
    for (const Interaction& one : all) {
      if (one.time < now + kLength) until.push_back(one);
    }
    return split_at(until, now);
  }

  static constexpr int64_t kLength = 10 * kDay;
  TimeSplit split;
  InteractionMatrix before;
  InteractionMatrix after;
  std::unique_ptr<Recommender> popularity;
  PurchaseFeatures features;
};

TEST(NextPurchase, LearnsWhatIsDue) {
  constexpr uint32_t kUsers = 150, kItems = 80;
  const std::vector<Interaction> all = make_purchases(kUsers, kItems, 200);
  const Moment past(all, kUsers, kItems, 170), now(all, kUsers, kItems, 190);
  const std::vector<PastMoment> lessons = {{past.features, past.before, past.after}};
  const auto learned = learn_next_purchases(lessons, now.features, {.new_items_only = false});
  ASSERT_TRUE(learned);
  const RankingTask task{.train = now.before, .test = now.after, .k = 5, .new_items_only = false};
  const RankingReport ours = rank_for_all(**learned, task);
  const RankingReport repetition = rank_for_all(*make_repetition(now.before), task);
  const Difference difference =
      compare(ours.values(RankingMeasure::ndcg), repetition.values(RankingMeasure::ndcg));
  EXPECT_GT(difference.mean.low, 0.05);
}

TEST(NextPurchase, RefusesToLearnFromNothing) {
  const std::vector<Interaction> all = make_purchases(3, 5, 50);
  const Moment now(all, 3, 5, 40);
  const auto learned = learn_next_purchases({}, now.features, {});
  ASSERT_FALSE(learned);
  EXPECT_EQ(learned.error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace millrace::ml::evaluation
