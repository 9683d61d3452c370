#include "base/uri.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Uri, EncodesAllButTheUnreserved) {
  EXPECT_EQ(uri_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(uri_encode("a b/c+d"), "a%20b%2Fc%2Bd");
  EXPECT_EQ(uri_encode("a b/c+d", true), "a%20b/c%2Bd");
  EXPECT_EQ(uri_encode("\xE1\x88\xB4"), "%E1%88%B4");
  EXPECT_EQ(uri_encode(std::string_view("\0\xFF", 2)), "%00%FF");
}

TEST(Uri, Decodes) {
  EXPECT_EQ(uri_decode("a%20b+c%2f%2F"), "a b+c//");
  EXPECT_EQ(form_decode("a%20b+c%2B"), "a b c+");
  EXPECT_EQ(uri_decode("%00"), std::string(1, '\0'));
  EXPECT_EQ(uri_decode(""), "");
  for (const std::string_view bad : {"%", "%4", "a%", "%zz", "%4g", "%%41", "% 1"}) {
    EXPECT_FALSE(uri_decode(bad)) << bad;
    EXPECT_FALSE(form_decode(bad)) << bad;
  }
}

TEST(Uri, RoundTripsEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(uri_decode(uri_encode(all)), all);
}

TEST(Uri, SplitsQueries) {
  using Pairs = QueryParameters;
  EXPECT_EQ(parse_query(""), Pairs());
  EXPECT_EQ(parse_query("a=1&b=2&a=3"), (Pairs{{"a", "1"}, {"b", "2"}, {"a", "3"}}));
  EXPECT_EQ(parse_query("uploads"), (Pairs{{"uploads", ""}}));
  EXPECT_EQ(parse_query("a=b=c&&=x&"), (Pairs{{"a", "b=c"}, {"", "x"}}));
  EXPECT_EQ(parse_query("a%3D=%26"), (Pairs{{"a=", "&"}}));
  EXPECT_EQ(parse_query("a=b+c"), (Pairs{{"a", "b+c"}}));
  EXPECT_EQ(parse_query("a=b+c", true), (Pairs{{"a", "b c"}}));
  EXPECT_FALSE(parse_query("a=%"));
  EXPECT_FALSE(parse_query("%x=1"));
}

TEST(Uri, FindsTheFirstParameter) {
  const QueryParameters query = {{"a", "1"}, {"a", "2"}};
  EXPECT_EQ(*find_parameter(query, "a"), "1");
  EXPECT_EQ(find_parameter(query, "A"), nullptr);
}

}  // namespace
}  // namespace millrace
