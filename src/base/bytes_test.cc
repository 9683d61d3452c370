#include "base/bytes.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Hex, RoundTripsEveryByte) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  const std::string hex = to_hex(all);
  EXPECT_EQ(hex.substr(0, 8), "00010203");
  EXPECT_EQ(hex.substr(508), "feff");
  Bytes back;
  ASSERT_TRUE(from_hex(hex, back));
  EXPECT_EQ(back, all);
  ASSERT_TRUE(from_hex("AbCd", back));
  EXPECT_EQ(back, "\xAB\xCD");
  EXPECT_TRUE(from_hex("", back));
  EXPECT_EQ(back, "");
}

TEST(Hex, RefusesAnythingElse) {
  Bytes out;
  for (const std::string_view bad : {"a", "0g", "0x", " 0", "/0", ":0", "@0", "`0", "abc"}) {
    EXPECT_FALSE(from_hex(bad, out)) << bad;
  }
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xFB\xFF", "+/8="}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(to_base64(plain), encoded);
    Bytes out = "before";
    ASSERT_TRUE(from_base64(encoded, out)) << encoded;
    EXPECT_EQ(out, plain);
  }
}

TEST(Base64, RefusesWrongPaddingAndForeignBytes) {
  Bytes out;
  for (const std::string_view bad : {"Z", "Zg", "Zg=", "Zg===", "====", "=g==", "Z===", "Zm9v=",
                                     "Zg==Zg==", "Zm-_", "Zm 9", "Zm9\n", "Zm9v\xC3\xA9=="}) {
    EXPECT_FALSE(from_base64(bad, out)) << bad;
  }
}

TEST(Base64, RefusesBitsBehindTheEnd) {
  Bytes out;
  EXPECT_FALSE(from_base64("Zh==", out));
  EXPECT_FALSE(from_base64("Zm9=", out));
}

TEST(EqualConstantTime, ComparesBytes) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
  EXPECT_FALSE(equal_constant_time(BytesView("a\0b", 3), BytesView("a\0c", 3)));
  EXPECT_FALSE(equal_constant_time("\x01", "\x81"));
}

TEST(Utf8, AcceptsWellFormedText) {
  for (const std::string_view good :
       {"", "plain", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good)) << to_hex(good);
  }
  EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesOverlongSurrogatesAndCuts) {
  for (const std::string_view bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x20", "\xE0\x80\x80", "\xE0\x9F\xBF",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE2\x28\xA1"}) {
    EXPECT_FALSE(is_utf8(bad)) << to_hex(bad);
  }
}

}  // namespace
}  // namespace millrace
