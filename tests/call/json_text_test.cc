#include "tests/call/json_text.h"

#include <gtest/gtest.h>

namespace millrace::call_tests {
namespace {

TEST(Mismatch, AcceptsWhatContainsTheExpectation) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", R"({"a": 1})"},
      {R"({"a": 1})", R"({"a": 1, "b": 2})"},
      {R"({"a": {"b": "x"}})", R"({"a": {"b": "x", "c": null}})"},
      {R"({"a": null})", R"({})"},
      {R"({"a": null})", R"({"a": null})"},
      {R"({"a": "*"})", R"({"a": {"b": 1}})"},
      {R"({"a": "*"})", R"({"a": false})"},
      {R"({"a": "/^x+$/"})", R"({"a": "xxx"})"},
      {R"({"a": "/^1/"})", R"({"a": 12})"},
      {R"({"a": "=*"})", R"({"a": "*"})"},
      {R"({"a": "=/x/"})", R"({"a": "/x/"})"},
      {R"({"a": "/"})", R"({"a": "/"})"},
      {R"({"a": 1})", R"({"a": 1.0})"},
      {R"({"a": []})", R"({"a": []})"},
      {R"({"a": []})", R"({})"},
      {R"({"a": [{"b": 1}, {}]})", R"({"a": [{"b": 1, "c": 2}, {"d": 3}]})"},
      {R"({"a": [1, "..."]})", R"({"a": [1, 2, 3]})"},
      {R"({"a": [1, "..."]})", R"({"a": [1]})"},
      {R"("x")", R"("x")"},
  };
  for (const auto& [expected, got] : cases) {
    EXPECT_EQ(mismatch(expected, got).value_or("none"), "none") << expected << " in " << got;
  }
}

TEST(Mismatch, NamesWhatDiffers) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {R"({"a": 1})", "{}", "at .a: expected 1, got nothing"},
      {R"({"a": 1})", R"({"a": 2})", "at .a: expected 1, got 2"},
      {R"({"a": 1})", R"({"a": "1"})", "at .a: expected 1, got \"1\""},
      {R"({"a": "1"})", R"({"a": 1})", "at .a: expected \"1\", got 1"},
      {R"({"a": true})", R"({"a": false})", "at .a: expected true, got false"},
      {R"({"a": {"b": "x"}})", R"({"a": {"b": "y"}})", "at .a.b: expected \"x\", got \"y\""},
      {R"({"a": {}})", R"({"a": []})", "at .a: expected {}, got []"},
      {R"({"a": {}})", R"({})", "at .a: expected {}, got nothing"},
      {R"({"a": null})", R"({"a": 0})", "at .a: expected nothing, got 0"},
      {R"({"a": "*"})", R"({"a": null})", "at .a: expected \"*\", got null"},
      {R"({"a": "*"})", R"({})", "at .a: expected \"*\", got nothing"},
      {R"({"a": "/^x$/"})", R"({"a": "xy"})", "at .a: expected \"/^x$/\", got \"xy\""},
      {R"({"a": "/x/"})", R"({"a": ["x"]})", "at .a: expected \"/x/\", got [\"x\"]"},
      {R"({"a": "=*"})", R"({"a": "b"})", "at .a: expected \"*\", got \"b\""},
      {R"({"a": []})", R"({"a": [1]})", "at .a: expected 0 items ([]), got [1]"},
      {R"({"a": [1]})", R"({"a": [1, 2]})", "at .a: expected 1 items ([1]), got [1,2]"},
      {R"({"a": [1, "..."]})", R"({"a": []})",
       "at .a: expected 1 or more items ([1,\"...\"]), got []"},
      {R"({"a": [1, {"b": 2}]})", R"({"a": [1, {"b": 3}]})", "at .a[1].b: expected 2, got 3"},
      {"1", "2", "at .: expected 1, got 2"},
  };
  for (const auto& [expected, got, difference] : cases) {
    EXPECT_EQ(mismatch(expected, got).value_or("none"), difference);
  }
  EXPECT_TRUE(mismatch("{}", "no json").has_value());
  EXPECT_TRUE(mismatch("{", "{}").has_value());
}

TEST(MemberAt, FollowsNamesIndicesAndQuotedNames) {
  constexpr std::string_view kText = R"({"A": [{"b c": 1}, {"d": [2, "x"]}], "e-f": {}})";
  EXPECT_EQ(*member_at(kText, R"(.A[0]["b c"])"), "1");
  EXPECT_EQ(*member_at(kText, ".A[1].d[1]"), "\"x\"");
  EXPECT_EQ(*member_at(kText, ".e-f"), "{}");
  EXPECT_EQ(*member_at("[3]", ".[0]"), "3");
  EXPECT_EQ(*member_at("3", "."), "3");
  for (const char* path : {".B", ".A[2]", ".A.b", ".e-f[0]"}) {
    EXPECT_FALSE(member_at(kText, path).has_value()) << path;
  }
  for (const char* path : {"", "A", ".A.", "..A", ".A[", ".A[x]", ".A]", ".A[-1]", ".A b"}) {
    EXPECT_FALSE(check_path(path).has_value()) << path;
  }
}

TEST(Substitute, PutsValuesAndTexts) {
  const Variables variables{{"s", R"("a.b")"}, {"n", "7"}, {"o", R"({"x":[1]})"}, {"w", R"("*")"}};
  EXPECT_EQ(*substitute(R"({"a":"$s","b":["$n","$o"],"c":"x-${s}-${n}","d":"$$s"})", variables),
            R"({"a":"a.b","b":[7,{"x":[1]}],"c":"x-a.b-7","d":"$s"})");
  EXPECT_FALSE(substitute(R"({"a":"$none"})", variables).has_value());
  EXPECT_FALSE(substitute(R"({"a":"x$s"})", variables).has_value());
  EXPECT_FALSE(substitute(R"({"a":"${s"})", variables).has_value());
  EXPECT_EQ(*variables_in(R"({"a":["$s","${n} and ${o}","/x$/"]})"),
            (std::set<std::string>{"n", "o", "s"}));
}

// A value is never taken for a pattern, or a test could pass whatever came.
TEST(Substitute, KeepsValuesFromBecomingPatterns) {
  const Variables variables{{"w", R"("*")"}, {"p", R"("/.*/")"}, {"s", R"("a.b")"}};
  const auto expected = substitute_expected(R"({"a":"$w","b":"$p","c":"/^${s}$/"})", variables);
  ASSERT_TRUE(expected.has_value());
  EXPECT_FALSE(mismatch(*expected, R"({"a":"*","b":"/.*/","c":"a.b"})").has_value());
  EXPECT_TRUE(mismatch(*expected, R"({"a":"x","b":"/.*/","c":"a.b"})").has_value());
  EXPECT_TRUE(mismatch(*expected, R"({"a":"*","b":"x","c":"a.b"})").has_value());
  EXPECT_TRUE(mismatch(*expected, R"({"a":"*","b":"/.*/","c":"axb"})").has_value());
}

TEST(ObjectLength, FindsTheEnd) {
  EXPECT_EQ(*object_length(R"({"a": "}"} .b == 1)"), std::string_view(R"({"a": "}"} )").size());
  EXPECT_FALSE(object_length("[1]").has_value());
  EXPECT_FALSE(object_length("{\"a\": 1").has_value());
  EXPECT_FALSE(object_length("{a}").has_value());
}

}  // namespace
}  // namespace millrace::call_tests
