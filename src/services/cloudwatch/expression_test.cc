#include "services/cloudwatch/expression.h"

#include <gtest/gtest.h>

#include <random>

namespace millrace::cloudwatch {
namespace {

const Points kOne{{Time(seconds(60)), 1}, {Time(seconds(120)), 2}, {Time(seconds(180)), 3}};
const Points kTwo{{Time(seconds(120)), 10}, {Time(seconds(180)), -20.5}};

Result<MathValue> evaluate(std::string_view text) {
  MathScope scope;
  scope.find = [](std::string_view id) -> Result<MathValue> {
    if (id == "m1") return kOne;
    if (id == "m2") return kTwo;
    return fail(ErrorKind::invalid, "no such id");
  };
  scope.metrics = []() -> Result<std::vector<Points>> { return std::vector<Points>{kOne, kTwo}; };
  return evaluate_expression(text, scope);
}

double number(std::string_view text) {
  const auto value = evaluate(text);
  EXPECT_TRUE(value) << text << (value ? "" : value.error().message);
  return value && std::holds_alternative<double>(*value) ? std::get<double>(*value) : -1e9;
}

std::string series(std::string_view text) {
  const auto value = evaluate(text);
  if (!value) return value.error().message;
  if (!std::holds_alternative<Points>(*value)) return "no series";
  std::string out;
  for (const auto& [time, point] : std::get<Points>(*value)) {
    out += std::to_string(time.time_since_epoch().count() / 60'000'000) + ":" +
           std::to_string(point).substr(0, std::to_string(point).find('.') + 2) + " ";
  }
  return out;
}

TEST(ExpressionTest, Arithmetic) {
  EXPECT_EQ(number("1 + 2 * 3"), 7);
  EXPECT_EQ(number("(1+2)*3"), 9);
  EXPECT_EQ(number("10 / 4 - 1"), 1.5);
  EXPECT_EQ(number("2 ^ 3 ^ 2"), 512);
  EXPECT_EQ(number("-2 * -(3)"), 6);
  EXPECT_EQ(number("1e3"), 1'000);
  EXPECT_EQ(series("m1 * 100"), "1:100.0 2:200.0 3:300.0 ");
  EXPECT_EQ(series("100 - m1"), "1:99.0 2:98.0 3:97.0 ");
  EXPECT_EQ(series("m1 + m2"), "2:12.0 3:-17.5 ");
  EXPECT_EQ(series("-m2"), "2:-10.0 3:20.5 ");
  EXPECT_EQ(series("m1 / 0"), "");
}

TEST(ExpressionTest, Functions) {
  EXPECT_EQ(number("SUM(m1)"), 6);
  EXPECT_EQ(number("avg(m1)"), 2);
  EXPECT_EQ(number("MIN(m2)"), -20.5);
  EXPECT_EQ(number("MAX(m1) + 1"), 4);
  EXPECT_EQ(series("m1 / MAX(m1) * 3"), "1:1.0 2:2.0 3:3.0 ");
  EXPECT_EQ(series("SUM([m1, m2])"), "1:1.0 2:12.0 3:-17.5 ");
  EXPECT_EQ(series("AVG(METRICS())"), "1:1.0 2:6.0 3:-8.7 ");
  EXPECT_EQ(series("MAX([m1, m2, m1])"), "1:1.0 2:10.0 3:3.0 ");
  EXPECT_EQ(series("SUM(FILL([m1, m2], 100))"), "1:101.0 2:12.0 3:-17.5 ");
  EXPECT_EQ(series("ABS(m2)"), "2:10.0 3:20.5 ");
  EXPECT_EQ(series("CEIL(m2)"), "2:10.0 3:-20.0 ");
  EXPECT_EQ(series("FLOOR(m2)"), "2:10.0 3:-21.0 ");
  EXPECT_EQ(series("SUM([m1,m2] * 2)"), "1:2.0 2:24.0 3:-35.0 ");
}

TEST(ExpressionTest, Refuses) {
  for (const char* text : {"", "m1 +", "(m1", "m3", "SUM(", "SUM()", "SUM(m1, m2)", "[m1", "[1]",
                           "m1 m2", "1..2", "METRICS(1)", "[m1] + [m2]", "FILL(m1, m2)", "1e999"}) {
    const auto value = evaluate(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::invalid) << text;
  }
  for (const char* text :
       {"RATE(m1)", "SEARCH('x', 'Sum')", "ANOMALY_DETECTION_BAND(m1)", "\"x\""}) {
    const auto value = evaluate(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::unsupported) << text;
  }
  for (const char* part : {"(", "-", "[", "2^", "SUM("}) {
    std::string deep;
    for (size_t i = 0; i < 300; ++i) deep += part;
    EXPECT_FALSE(evaluate(deep + "1"));
  }
  EXPECT_FALSE(evaluate(std::string(kExpressionBytesMax + 1, ' ')));
}

TEST(ExpressionTest, AnyMixtureOfTokensEnds) {
  constexpr const char* kTokens[] = {"m1", "m2", "1", "(", ")",    "+",     "-",         "*", "/",
                                     "^",  "[",  "]", ",", "SUM(", "FILL(", "METRICS()", " ", ".5"};
  std::mt19937 random(3);
  size_t good = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t i = random() % 10; i > 0; --i) text += kTokens[random() % std::size(kTokens)];
    good += evaluate(text) ? 1 : 0;
  }
  EXPECT_GT(good, 200U);
}

}  // namespace
}  // namespace millrace::cloudwatch
