#include "engines/metrics/aggregate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engines/metrics/limits.h"

namespace millrace::metrics {
namespace {

double value_of(std::string_view statistic, const Aggregate& samples) {
  const auto parsed = parse_statistic(statistic);
  EXPECT_TRUE(parsed) << statistic;
  return parsed ? evaluate(*parsed, samples).value_or(-1e9) : 0;
}

Aggregate one_to(int n) {
  Aggregate samples;
  for (int i = n; i >= 1; --i) samples.add(i);
  return samples;
}

TEST(AggregateTest, CountsSumsAndExtremes) {
  const Aggregate samples = one_to(100);
  EXPECT_EQ(value_of("SampleCount", samples), 100);
  EXPECT_EQ(value_of("Sum", samples), 5050);
  EXPECT_EQ(value_of("Average", samples), 50.5);
  EXPECT_EQ(value_of("Minimum", samples), 1);
  EXPECT_EQ(value_of("Maximum", samples), 100);
  EXPECT_FALSE(evaluate(*parse_statistic("Average"), Aggregate{}));
}

TEST(AggregateTest, PercentilesAreExactForFewValues) {
  const Aggregate samples = one_to(100);
  EXPECT_EQ(value_of("p50", samples), 50);
  EXPECT_EQ(value_of("p99", samples), 99);
  EXPECT_EQ(value_of("p99.9", samples), 100);
  EXPECT_EQ(value_of("p0", samples), 1);
  EXPECT_EQ(value_of("p100", samples), 100);
  Aggregate weighted;
  weighted.add(1, 90);
  weighted.add(1000, 10);
  EXPECT_EQ(value_of("p90", weighted), 1);
  EXPECT_EQ(value_of("p91", weighted), 1000);
}

TEST(AggregateTest, TrimmedStatistics) {
  const Aggregate samples = one_to(100);
  EXPECT_DOUBLE_EQ(value_of("tm90", samples), 45.5);
  EXPECT_DOUBLE_EQ(value_of("TM(10%:90%)", samples), 50.5);
  EXPECT_DOUBLE_EQ(value_of("TM(10:20)", samples), 15.5);
  EXPECT_DOUBLE_EQ(value_of("IQM", samples), 50.5);
  EXPECT_DOUBLE_EQ(value_of("TC(10:20)", samples), 10);
  EXPECT_DOUBLE_EQ(value_of("tc25", samples), 25);
  EXPECT_DOUBLE_EQ(value_of("TS(:10)", samples), 55);
  EXPECT_DOUBLE_EQ(value_of("PR(:30)", samples), 30);
  EXPECT_DOUBLE_EQ(value_of("PR(10:30)", samples), 20);
  // 1…98, and 98 in place of 99 and 100.
  EXPECT_DOUBLE_EQ(value_of("wm98", samples), (98.0 * 99 / 2 + 2 * 98) / 100);
  EXPECT_FALSE(evaluate(*parse_statistic("TM(200:300)"), samples));
}

TEST(AggregateTest, RefusesWhatIsNoStatistic) {
  for (const char* text :
       {"", "p", "p101", "p-1", "p1e1", "average", "q50", "TM()", "TM(:)", "TM(20%:10%)",
        "TM(10:90%)", "PR(10%:20%)", "pr50", "p(1:2)", "TM(1:2", "tm", "TM(1)", "p50 "}) {
    EXPECT_FALSE(parse_statistic(text)) << text;
  }
  EXPECT_FALSE(parse_statistic("p" + std::string(1000, '1')));
}

TEST(AggregateTest, SummariesHaveNoDistributionUnlessAllIsEqual) {
  Aggregate summary;
  summary.add_summary(10, 100, 1, 50);
  EXPECT_EQ(value_of("Average", summary), 10);
  EXPECT_FALSE(evaluate(*parse_statistic("p50"), summary));
  Aggregate equal;
  equal.add_summary(10, 50, 5, 5);
  equal.add_summary(1, 7, 7, 7);
  EXPECT_EQ(value_of("p50", equal), 5);
  EXPECT_EQ(value_of("p100", equal), 7);
  EXPECT_EQ(value_of("Sum", equal), 57);
  Aggregate one;
  one.add(3);
  one.merge(summary);
  EXPECT_FALSE(one.distribution_known());
  EXPECT_EQ(one.count, 11);
  EXPECT_EQ(one.max, 50);
}

TEST(AggregateTest, ManyValuesStayBoundedAndClose) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(3, 1.5);
  std::vector<double> all;
  Aggregate whole;
  Aggregate parts[4];
  for (int i = 0; i < 20'000; ++i) {
    const double value = latency(random);
    all.push_back(value);
    whole.add(value);
    parts[i % 4].add(value);
  }
  Aggregate merged;
  for (const Aggregate& part : parts) merged.merge(part);
  std::ranges::sort(all);
  for (const Aggregate* samples : {&whole, &merged}) {
    EXPECT_LE(samples->values.size(), kExactValuesMax);
    EXPECT_TRUE(samples->distribution_known());
    EXPECT_EQ(samples->min, all.front());
    EXPECT_EQ(samples->max, all.back());
    for (const double p : {50.0, 90.0, 99.0, 99.9}) {
      const double exact = all[static_cast<size_t>(std::ceil(p / 100 * 20'000)) - 1];
      EXPECT_NEAR(value_of("p" + std::to_string(p), *samples), exact, exact * 0.06);
    }
  }
}

TEST(AggregateTest, ExtremeValuesStayBounded) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> exponent(-1000, 1000);
  Aggregate samples;
  for (int i = 0; i < 30'000; ++i) {
    samples.add(std::ldexp(i % 2 == 0 ? 1.1 : -1.3, static_cast<int>(exponent(random))));
  }
  samples.add(0);
  EXPECT_LE(samples.values.size(), 4'300U);
  EXPECT_TRUE(std::ranges::is_sorted(samples.values));
  EXPECT_TRUE(std::isfinite(value_of("p50", samples)));
}

TEST(AggregateTest, MergeIsCommutative) {
  Aggregate few = one_to(10);
  Aggregate many;
  for (int i = 0; i < 2'000; ++i) many.add(1 + i * 0.37);
  Aggregate a = few;
  a.merge(many);
  Aggregate b = many;
  b.merge(few);
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_EQ(a.count, b.count);
  EXPECT_DOUBLE_EQ(a.sum, b.sum);
  a.merge(Aggregate{});
  EXPECT_EQ(a.count, 2'010);
}

}  // namespace
}  // namespace millrace::metrics
