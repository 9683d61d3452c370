#include "base/time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace millrace {
namespace {

Time at(int64_t micros) { return Time(microseconds(micros)); }
const Time kMorning = at(1'795'341'600'000'000);  // 2026-11-22T10:00:00Z, a Sunday.

TEST(Time, IsWrittenInEveryForm) {
  EXPECT_EQ(to_iso8601(kMorning), "2026-11-22T10:00:00Z");
  EXPECT_EQ(to_iso8601(kMorning + milliseconds(7)), "2026-11-22T10:00:00.007Z");
  EXPECT_EQ(to_iso8601(kMorning + microseconds(7)), "2026-11-22T10:00:00Z");
  EXPECT_EQ(to_iso8601_millis(kMorning), "2026-11-22T10:00:00.000Z");
  EXPECT_EQ(to_iso8601_basic(kMorning), "20261122T100000Z");
  EXPECT_EQ(to_http_date(kMorning), "Sun, 22 Nov 2026 10:00:00 GMT");
  EXPECT_EQ(to_epoch_seconds(kMorning + milliseconds(250)), 1795341600.25);
  EXPECT_EQ(to_iso8601(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso8601(at(0)), "1970-01-01T00:00:00Z");
}

TEST(Time, Iso8601IsRead) {
  EXPECT_EQ(parse_iso8601("2026-11-22T10:00:00Z"), kMorning);
  EXPECT_EQ(parse_iso8601("2026-11-22t10:00:00z"), kMorning);
  EXPECT_EQ(parse_iso8601("2026-11-22 10:00:00"), kMorning);
  EXPECT_EQ(parse_iso8601("2026-11-22T10:00:00.123456789Z"), kMorning + microseconds(123456));
  EXPECT_EQ(parse_iso8601("2026-11-22T10:00:00.5Z"), kMorning + milliseconds(500));
  EXPECT_EQ(parse_iso8601("2026-11-22T11:30:00+01:30"), kMorning);
  EXPECT_EQ(parse_iso8601("2026-11-22T04:00:00-0600"), kMorning);
  EXPECT_EQ(parse_iso8601("2026-11-22"), kMorning - std::chrono::hours(10));
  EXPECT_TRUE(parse_iso8601("2024-02-29"));
}

TEST(Time, MalformedIso8601IsRefused) {
  for (const std::string_view bad : {"",
                                     "2026",
                                     "2026-13-01",
                                     "2026-00-10",
                                     "2026-02-29",
                                     "2026-11-31",
                                     "2026-11-22T",
                                     "2026-11-22T24:00:00Z",
                                     "2026-11-22T10:60:00Z",
                                     "2026-11-22T10:00:61Z",
                                     "2026-11-22T10:00Z",
                                     "2026-11-22T10:00:00.Z",
                                     "2026-11-22T10:00:00Zx",
                                     "2026-11-22T10:00:00+1",
                                     "2026-11-22T10:00:00+24:00",
                                     "2026-11-22T10:00:00+01:60",
                                     "2026-1-22",
                                     "0000-01-01",
                                     "-026-01-01",
                                     "2026-11-22X10:00:00Z",
                                     "2026-11-2:"}) {
    EXPECT_FALSE(parse_iso8601(bad)) << bad;
  }
}

TEST(Time, TheBasicFormIsRead) {
  EXPECT_EQ(parse_iso8601_basic("20261122T100000Z"), kMorning);
  for (const std::string_view bad : {"", "20261122T100000", "20261122T100000ZZ", "20261122 100000Z",
                                     "2026112aT100000Z", "20261322T100000Z", "20261122T250000Z"}) {
    EXPECT_FALSE(parse_iso8601_basic(bad)) << bad;
  }
}

TEST(Time, TheThreeHttpFormsAreRead) {
  const Time expected = at(784'111'777'000'000);  // The example of RFC 9110, 5.6.7.
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), expected);
  EXPECT_EQ(parse_http_date(to_http_date(kMorning)), kMorning);
  EXPECT_EQ(parse_http_date("Sunday, 22-Nov-26 10:00:00 GMT"), kMorning);
  for (const std::string_view bad :
       {"", "Sun", "Sun, ", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun Nov  6 08:49:37 94",
        "Sun Nov 66 08:49:37 1994"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(Time, EpochSecondsAreReadWithinTheYears) {
  EXPECT_EQ(from_epoch_seconds(1795341600.25), kMorning + milliseconds(250));
  EXPECT_EQ(from_epoch_seconds(-0.5), at(-500'000));
  EXPECT_EQ(to_iso8601(*from_epoch_seconds(253402300799.0)), "9999-12-31T23:59:59Z");
  for (const double bad : {253402300800.0, -62135596801.0, 1e300,
                           std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_FALSE(from_epoch_seconds(bad)) << bad;
  }
}

TEST(Time, WhatIsWrittenIsRead) {
  for (int64_t micros = -10'000'000'000'000'000; micros < 10'000'000'000'000'000;
       micros += 98'765'432'101'000) {
    const Time time = at(micros / 1000 * 1000);
    EXPECT_EQ(parse_iso8601(to_iso8601_millis(time)), time);
    EXPECT_EQ(parse_iso8601(to_iso8601(time)), time);
  }
}

}  // namespace
}  // namespace millrace
