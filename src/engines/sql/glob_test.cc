#include "engines/sql/glob.h"

#include <gtest/gtest.h>

namespace millrace::sql {
namespace {

TEST(Glob, MatchesPartByPart) {
  EXPECT_TRUE(glob_matches("s3://b/*/x-?.csv", "s3://b/y=1/x-7.csv"));
  EXPECT_FALSE(glob_matches("s3://b/*.csv", "s3://b/y=1/x.csv"));
  EXPECT_TRUE(glob_matches("s3://b/**/x.csv", "s3://b/x.csv"));
  EXPECT_TRUE(glob_matches("s3://b/**/x.csv", "s3://b/1/2/3/x.csv"));
  EXPECT_TRUE(glob_matches("s3://b/**", "s3://b/1/2"));
  EXPECT_TRUE(glob_matches("a[0-9]b", "a5b"));
  EXPECT_FALSE(glob_matches("a[!0-9]b", "a5b"));
  EXPECT_TRUE(glob_matches("a[]x]b", "a]b"));
  EXPECT_TRUE(glob_matches("a[b", "a[b"));
  EXPECT_TRUE(glob_matches("*a*b*c", "xxaxxbxxc"));
  EXPECT_FALSE(glob_matches("*a*b*c", "xxaxxcxxb"));
}

TEST(Glob, TakesNoLongerThanTheProductOfLengths) {
  const std::string pattern = std::string("s3://b/") + std::string(400, '*') + "b";
  EXPECT_FALSE(glob_matches(pattern, "s3://b/" + std::string(900, 'a')));
  std::string deep = "s3://b";
  std::string stars = "s3://b";
  for (int i = 0; i < 200; ++i) {
    deep += "/a";
    stars += "/**/a";
  }
  EXPECT_FALSE(glob_matches(stars + "/c", deep));
}

TEST(Glob, HasAFixedPrefix) {
  EXPECT_EQ(fixed_prefix("s3://b/a/x*.csv"), "s3://b/a/");
  EXPECT_EQ(fixed_prefix("s3://b/a.csv"), "s3://b/a.csv");
  EXPECT_EQ(fixed_prefix("*"), "");
  EXPECT_FALSE(has_glob("s3://b/a.csv"));
}

}  // namespace
}  // namespace millrace::sql
