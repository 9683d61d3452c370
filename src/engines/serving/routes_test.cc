#include "engines/serving/routes.h"

#include <gtest/gtest.h>

namespace millrace::serving {
namespace {

const Routes::Name kName{Realm{"000000000000", "us-east-1"}, "e"};

SeatPtr make_seat(const std::string& id, const std::string& variant, bool healthy = true) {
  auto seat = std::make_shared<Seat>();
  seat->worker_id = id;
  seat->variant = variant;
  seat->healthy = healthy;
  return seat;
}

class RoutesTest : public testing::Test {
 protected:
  std::unique_ptr<runtime::Random> random = runtime::make_seeded_random(7);
  Routes routes{*random};

  int count_of(const std::string& variant, int draws) {
    int count = 0;
    for (int i = 0; i < draws; ++i) {
      const Result<SeatPtr> seat = routes.choose(kName, "");
      if (seat && (*seat)->variant == variant) ++count;
    }
    return count;
  }
};

TEST_F(RoutesTest, UnknownEndpointAndVariantAreNotFound) {
  EXPECT_EQ(routes.choose(kName, "").error().kind, ErrorKind::not_found);
  routes.set(kName, {{"a", 1, {make_seat("w", "a")}}});
  EXPECT_EQ(routes.choose(kName, "b").error().kind, ErrorKind::not_found);
  EXPECT_EQ((*routes.choose(kName, "a"))->worker_id, "w");
}

TEST_F(RoutesTest, TrafficFollowsTheWeights) {
  routes.set(kName, {{"a", 3, {make_seat("w1", "a")}}, {"b", 1, {make_seat("w2", "b")}}});
  const int of_a = count_of("a", 4000);
  EXPECT_GT(of_a, 2800);
  EXPECT_LT(of_a, 3200);
}

TEST_F(RoutesTest, VariantOfWeightZeroGetsRequestsOnlyByName) {
  routes.set(kName, {{"a", 1, {make_seat("w1", "a")}}, {"b", 0, {make_seat("w2", "b")}}});
  EXPECT_EQ(count_of("a", 500), 500);
  EXPECT_EQ((*routes.choose(kName, "b"))->worker_id, "w2");
}

TEST_F(RoutesTest, VariantWithoutHealthyWorkersIsPassedOver) {
  routes.set(kName, {{"a", 9, {make_seat("w1", "a", false)}}, {"b", 1, {make_seat("w2", "b")}}});
  EXPECT_EQ(count_of("b", 200), 200);
}

TEST_F(RoutesTest, NoHealthyWorkerIsExhausted) {
  routes.set(kName, {{"a", 1, {make_seat("w1", "a", false)}}});
  EXPECT_EQ(routes.choose(kName, "").error().kind, ErrorKind::exhausted);
  EXPECT_EQ(routes.choose(kName, "a").error().kind, ErrorKind::exhausted);
}

TEST_F(RoutesTest, LeastBusyWorkerIsChosen) {
  const SeatPtr busy = make_seat("w1", "a");
  busy->in_flight = 5;
  routes.set(kName, {{"a", 1, {busy, make_seat("w2", "a")}}});
  for (int i = 0; i < 20; ++i) EXPECT_EQ((*routes.choose(kName, ""))->worker_id, "w2");
}

TEST_F(RoutesTest, HealthyCountsPerVariant) {
  routes.set(kName, {{"a", 1, {make_seat("w1", "a"), make_seat("w2", "a", false)}}});
  EXPECT_EQ(routes.healthy(kName).at("a"), 1);
  EXPECT_NE(routes.find("w2"), nullptr);
  routes.remove(kName);
  EXPECT_EQ(routes.find("w2"), nullptr);
  EXPECT_TRUE(routes.healthy(kName).empty());
}

}  // namespace
}  // namespace millrace::serving
