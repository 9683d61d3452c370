#include "engines/policy/pattern.h"

#include <gtest/gtest.h>

namespace millrace::policy {
namespace {

bool fits(std::string_view pattern, std::string_view text, const Context& context = {}) {
  const auto made = make_pattern(pattern, context, {});
  return made && matches(*made, text);
}

TEST(PatternTest, AStarIsAnyRunAndAQuestionMarkOneCharacter) {
  EXPECT_TRUE(fits("", ""));
  EXPECT_FALSE(fits("", "a"));
  EXPECT_TRUE(fits("*", ""));
  EXPECT_TRUE(fits("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y:z"));
  EXPECT_FALSE(fits("arn:aws:s3:::b/*", "arn:aws:s3:::b"));
  EXPECT_TRUE(fits("a*b*c", "aXbbYc"));
  EXPECT_FALSE(fits("a*b*c", "aXbbYcd"));
  EXPECT_TRUE(fits("a?c", "abc"));
  EXPECT_FALSE(fits("a?c", "ac"));
  EXPECT_TRUE(fits("a?c",
                   "a\xC3\xA9"
                   "c"));
  EXPECT_TRUE(fits("*?", "x"));
  EXPECT_FALSE(fits("*?", ""));
  EXPECT_FALSE(fits("abc", "ABC"));
}

TEST(PatternTest, ActionsAreComparedWithoutCase) {
  EXPECT_TRUE(matches_folded("S3:get*", "s3:GetObject"));
  EXPECT_FALSE(matches_folded("s3:Get", "s3:GetObject"));
  EXPECT_TRUE(matches_folded("*", "s3:GetObject"));
}

TEST(PatternTest, AVariableIsTakenLiterally) {
  Context context;
  context.set("aws:username", "a*b");
  EXPECT_TRUE(fits("home/${aws:username}/*", "home/a*b/x", context));
  EXPECT_TRUE(fits("home/${aws:UserName}/*", "home/a*b/x", context));
  EXPECT_FALSE(fits("home/${aws:username}/*", "home/aXb/x", context));
}

TEST(PatternTest, AMissingVariableHasItsDefaultOrMatchesNothing) {
  Context context;
  context.add("aws:TagKeys", "a");
  context.add("aws:TagKeys", "b");
  EXPECT_FALSE(fits("${aws:username}", "", context));
  EXPECT_FALSE(fits("*${aws:username}*", "x", context));
  EXPECT_FALSE(fits("${aws:TagKeys}", "a", context));
  EXPECT_FALSE(fits("${aws:username", "x", context));
  EXPECT_TRUE(fits("team-${aws:PrincipalTag/team, 'none'}", "team-none", context));
  EXPECT_FALSE(fits("team-${aws:PrincipalTag/team, none}", "team-none", context));
}

TEST(PatternTest, EscapesAreTheCharactersThemselves) {
  EXPECT_TRUE(fits("a${*}b${?}c${$}", "a*b?c$"));
  EXPECT_FALSE(fits("a${*}b", "aXb"));
}

TEST(PatternTest, OldDocumentsHaveNoVariables) {
  const auto made = make_pattern("${aws:username}", {}, {.variables = false});
  ASSERT_TRUE(made);
  EXPECT_TRUE(matches(*made, "${aws:username}"));
}

TEST(PatternTest, PartsOfAnArnAreMatchedOneByOne) {
  const auto arn = [](std::string_view pattern, std::string_view text) {
    const auto made = make_pattern(pattern, {}, {});
    return made && matches_arn(*made, text);
  };
  EXPECT_TRUE(arn("arn:aws:sns:*:123456789012:t*", "arn:aws:sns:us-east-1:123456789012:topic:x"));
  EXPECT_FALSE(arn("arn:aws:sns*:123456789012:topic", "arn:aws:sns:us-east-1:123456789012:topic"));
  EXPECT_TRUE(arn("*", "arn:aws:s3:::b"));
  EXPECT_FALSE(arn("*", "no-arn"));
  EXPECT_FALSE(arn("arn:aws:s3:::b", "arn:aws:s3:::c"));
}

}  // namespace
}  // namespace millrace::policy
