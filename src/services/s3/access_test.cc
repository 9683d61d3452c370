#include <gtest/gtest.h>

#include "services/s3/conditions.h"
#include "services/s3/metadata.h"

namespace millrace::s3 {
namespace {

TEST(Names, OfBucketsFollowTheRules) {
  for (const char* name : {"abc", "a.b-c", "123", "my-bucket.example.com", "1.2.3"}) {
    EXPECT_TRUE(is_bucket_name(name)) << name;
  }
  for (const char* name : {"",
                           "ab",
                           "Abc",
                           "a_b",
                           "-abc",
                           "abc-",
                           ".abc",
                           "a..b",
                           "192.168.5.4",
                           "xn--abc",
                           "sthree-abc",
                           "amzn-s3-demo-abc",
                           "abc-s3alias",
                           "abc--ol-s3",
                           "abc.mrap",
                           "abc--x-s3",
                           "abc--table-s3",
                           "a b",
                           "a/b",
                           "é-bucket"}) {
    EXPECT_FALSE(is_bucket_name(name)) << name;
  }
  EXPECT_TRUE(is_bucket_name(std::string(63, 'a')));
  EXPECT_FALSE(is_bucket_name(std::string(64, 'a')));
}

TEST(Etags, AreComparedWithoutQuotes) {
  EXPECT_EQ(bare_etag("\"abc\""), "abc");
  EXPECT_EQ(bare_etag("W/\"abc\""), "abc");
  EXPECT_EQ(bare_etag("abc"), "abc");
  EXPECT_EQ(bare_etag("\""), "\"");
}

TEST(Conditions, EtagsOutweighDates) {
  objects::Entry entry;
  entry.etag = "abc";
  entry.modified = Time(seconds(1000)) + milliseconds(700);
  const auto verdict = [&](ReadConditions conditions) { return judge(conditions, entry).verdict; };
  const Time second(seconds(1000));
  EXPECT_EQ(verdict({}), Verdict::proceed);
  EXPECT_EQ(verdict({.if_match = "\"x\", \"abc\""}), Verdict::proceed);
  EXPECT_EQ(verdict({.if_match = "\"x\""}), Verdict::failed);
  EXPECT_EQ(verdict({.if_match = "*", .if_unmodified_since = second - seconds(1)}),
            Verdict::proceed);
  EXPECT_EQ(verdict({.if_unmodified_since = second - seconds(1)}), Verdict::failed);
  EXPECT_EQ(verdict({.if_unmodified_since = second}), Verdict::proceed);
  EXPECT_EQ(verdict({.if_modified_since = second}), Verdict::not_modified);
  EXPECT_EQ(verdict({.if_modified_since = second - seconds(1)}), Verdict::proceed);
  EXPECT_EQ(verdict({.if_none_match = "abc"}), Verdict::not_modified);
  EXPECT_EQ(verdict({.if_none_match = "\"x\"", .if_modified_since = second}), Verdict::proceed);
}

TEST(Metadata, AwsChunkedIsNoEncodingOfTheObject) {
  EXPECT_EQ(content_encoding_of("aws-chunked"), "");
  EXPECT_EQ(content_encoding_of("aws-chunked, gzip"), "gzip");
  EXPECT_EQ(content_encoding_of("gzip,aws-chunked"), "gzip");
  EXPECT_EQ(content_encoding_of("gzip, br"), "gzip,br");
}

TEST(Tags, OfAHeaderAreDecodedAndLimited) {
  const auto tags = parse_tag_header("a=b%20c&d=&e%2Ff=1+2");
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->at("a"), "b c");
  EXPECT_EQ(tags->at("e/f"), "1 2");
  EXPECT_EQ(parse_tag_header("a=1&a=2").error().code, "InvalidTag");
  EXPECT_EQ(parse_tag_header("=1").error().code, "InvalidTag");
  EXPECT_EQ(parse_tag_header("a=%").error().code, "InvalidArgument");
  EXPECT_EQ(parse_tag_header("aws:a=1").error().code, "InvalidTag");
  EXPECT_EQ(parse_tag_header("a=%01").error().code, "InvalidTag");
  EXPECT_EQ(parse_tag_header(std::string(129, 'k') + "=").error().code, "InvalidTag");
  EXPECT_EQ(parse_tag_header("k=" + std::string(257, 'v')).error().code, "InvalidTag");
  std::string many;
  for (int i = 0; i < 11; ++i) many += std::to_string(i) + "=&";
  EXPECT_EQ(parse_tag_header(many).error().code, "BadRequest");
}

}  // namespace
}  // namespace millrace::s3
