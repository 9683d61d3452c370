#include "services/s3/ranges.h"

#include <gtest/gtest.h>

namespace millrace::s3 {
namespace {

TEST(Ranges, AreWhatTheyAskFor) {
  const auto good = [](std::string_view text, uint64_t size) {
    const ParsedRange parsed = parse_range(text, size);
    EXPECT_EQ(parsed.kind, RangeKind::satisfiable) << text;
    return parsed.range;
  };
  EXPECT_EQ(good("bytes=0-0", 10), (ByteRange{0, 1}));
  EXPECT_EQ(good("bytes=2-5", 10), (ByteRange{2, 4}));
  EXPECT_EQ(good("bytes=2-", 10), (ByteRange{2, 8}));
  EXPECT_EQ(good("bytes=2-9", 10), (ByteRange{2, 8}));
  EXPECT_EQ(good("bytes=2-10", 10), (ByteRange{2, 8}));
  EXPECT_EQ(good("bytes=9-18446744073709551615", 10), (ByteRange{9, 1}));
  EXPECT_EQ(good("bytes=9-99999999999999999999", 10), (ByteRange{9, 1}));
  EXPECT_EQ(good("bytes=-99999999999999999999", 10), (ByteRange{0, 10}));
  EXPECT_EQ(good("bytes=-3", 10), (ByteRange{7, 3}));
  EXPECT_EQ(good("bytes=-30", 10), (ByteRange{0, 10}));
}

TEST(Ranges, BeyondTheEndAreUnsatisfiable) {
  for (const char* text : {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parse_range(text, 10).kind, RangeKind::unsatisfiable) << text;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, RangeKind::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=-1", 0).kind, RangeKind::unsatisfiable);
}

TEST(Ranges, MalformedOnesAreIgnored) {
  for (const char* text :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-2", "bytes=0-1,3-4",
        "bytes= 0-1", "bytes=+0-1", "items=0-1", "bytes=99999999999999999999x-"}) {
    EXPECT_EQ(parse_range(text, 10).kind, RangeKind::ignored) << text;
  }
}

TEST(Ranges, OfCopiesHaveBothEnds) {
  EXPECT_EQ(parse_copy_range("bytes=1-3"), (ByteRange{1, 3}));
  for (const char* text : {"bytes=1-", "bytes=-1", "1-3", "bytes=3-1", "bytes=1-x", "",
                           "bytes=0-18446744073709551615"}) {
    EXPECT_FALSE(parse_copy_range(text)) << text;
  }
}

}  // namespace
}  // namespace millrace::s3
