#include "engines/ml/decimal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

namespace millrace::ml {
namespace {

struct Read {
  bool is_number = false;
  double value = 0;
  size_t size = 0;
};

// In the middle of digits, which must not be taken.
Read read(const std::string& text) {
  const std::string around = text + "12345678";
  const char* at = around.data();
  Read out;
  out.is_number = take_decimal(at, around.data() + text.size(), out.value);
  out.size = static_cast<size_t>(at - around.data());
  return out;
}

void expect_number(const std::string& text) {
  const Read number = read(text);
  EXPECT_TRUE(number.is_number) << text;
  EXPECT_EQ(number.size, text.size()) << text;
  EXPECT_EQ(number.value, std::strtod(text.c_str(), nullptr)) << text;
}

TEST(Decimal, ReadsTheNearestDouble) {
  for (const char* text : {"0",
                           "-0",
                           "1",
                           "7",
                           "12345678",
                           "123456789",
                           "0.5",
                           ".5",
                           "5.",
                           "-3.25",
                           "+4",
                           "1e5",
                           "1E-5",
                           "2.5e+3",
                           "0.1",
                           "0.3",
                           "123456.789012",
                           "9007199254740993",
                           "18446744073709551616",
                           "0.000000000000000000000001",
                           "1.7976931348623157e308",
                           "4.9e-324",
                           "3.141592653589793238462643383279",
                           "00000000000000000000001",
                           "99999999.99999999"}) {
    expect_number(text);
  }
}

TEST(Decimal, ReadsRandomNumbersAsTheLibraryDoes) {
  std::mt19937_64 generator(1);
  for (int round = 0; round < 20'000; ++round) {
    const auto whole = static_cast<int64_t>(generator() >> (generator() % 64));
    const int point = static_cast<int>(generator() % 12);
    expect_number(fmt::format("{:.{}f}", static_cast<double>(whole) / 4096, point));
    expect_number(fmt::format("{}", whole));
  }
}

TEST(Decimal, KnowsWhatIsBeyondItsRange) {
  EXPECT_EQ(read("1e999").value, HUGE_VAL);
  EXPECT_EQ(read("-1e999").value, -HUGE_VAL);
  EXPECT_EQ(read("1e-999").value, 0);
  EXPECT_EQ(read("0." + std::string(400, '0') + "1").value, 0);
  EXPECT_TRUE(std::isnan(read("nan").value));
  EXPECT_EQ(read("inf").value, HUGE_VAL);
}

TEST(Decimal, RefusesWhatIsNone) {
  for (const char* text : {"", "-", "+", ".", "x", "--1", "+-1", "e5", ",", " 1"}) {
    EXPECT_FALSE(read(text).is_number) << text;
  }
}

TEST(Decimal, StopsBehindTheNumber) {
  EXPECT_EQ(read("12,5").size, 2u);
  EXPECT_EQ(read("1.5:2").size, 3u);
  EXPECT_EQ(read("1e5x").size, 3u);
}

TEST(Decimal, ReadsWholeNumbers) {
  const auto whole = [](const std::string& text) {
    const std::string around = text + "12345678";
    const char* at = around.data();
    uint64_t value = 0;
    return take_whole(at, around.data() + text.size(), value)
               ? fmt::format("{} and {}", value, at - around.data())
               : "none";
  };
  EXPECT_EQ(whole("0:"), "0 and 1");
  EXPECT_EQ(whole("1234567890123456789:"), "1234567890123456789 and 19");
  EXPECT_EQ(whole("12345678901234567890:"), "none");
  EXPECT_EQ(whole("-1:"), "none");
  EXPECT_EQ(whole(""), "none");
  EXPECT_EQ(whole("7"), "none");  // The line ends where digits go on: nothing says it is whole.
}

// Among other digits, which belong to other numbers.
Read read_all(const std::string& text) {
  const std::string around = std::string(64, '7') + text + std::string(64, '8');
  const char* const begin = around.data() + 64;
  Read out;
  out.is_number = read_decimal(begin, begin + text.size(), out.value);
  out.size = text.size();
  return out;
}

TEST(Decimal, ReadsAllOfAWordAsTheLibraryDoes) {
  std::mt19937_64 generator(2);
  size_t taken = 0;
  for (int round = 0; round < 50'000; ++round) {
    const auto whole = static_cast<int64_t>(generator() >> (11 + generator() % 53));
    const int point = static_cast<int>(generator() % 12);
    const bool fractional = generator() % 4 != 0;
    const double sign = generator() % 2 == 0 ? 1 : -1;
    const std::string text =
        fractional ? fmt::format("{:.{}f}", sign * static_cast<double>(whole) / 4096, point)
                   : fmt::format("{}", whole);
    const Read number = read_all(text);
    const bool short_enough = text.size() - (text[0] == '-' ? 1 : 0) <= 16;
    EXPECT_EQ(number.is_number, short_enough) << text;
    if (!number.is_number) continue;
    EXPECT_EQ(number.value, std::strtod(text.c_str(), nullptr)) << text;
    ++taken;
  }
  EXPECT_GT(taken, 10'000u);
}

// What is changed anywhere is read as take_decimal() reads it, or not at all.
TEST(Decimal, ReadsNoWordThatIsNoNumber) {
  std::mt19937_64 generator(3);
  const std::string letters = "0123456789.-+eE, :x/";
  size_t numbers = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text(generator() % 18, '0');
    for (char& c : text) c = letters[generator() % (generator() % 4 == 0 ? letters.size() : 11)];
    const Read all = read_all(text);
    if (!all.is_number) continue;
    const Read expected = read(text);
    EXPECT_TRUE(expected.is_number) << text;
    EXPECT_EQ(expected.size, text.size()) << text;
    EXPECT_EQ(expected.value, all.value) << text;
    ++numbers;
  }
  EXPECT_GT(numbers, 10'000u);
  for (const char* text :
       {"", "-", ".", "-.", "1.2.3", "1..2", "12345678.1.1", "1-", "+", "+-1", "1e5"}) {
    EXPECT_FALSE(read_all(text).is_number) << text;
  }
  for (const char* text : {"5.", ".5", "-0", "+1", "+.5"}) {
    EXPECT_TRUE(read_all(text).is_number) << text;
  }
}

TEST(Decimal, ReadsAllOfAWordAsAWholeNumber) {
  const auto whole = [](const std::string& text) {
    const std::string around = std::string(64, '7') + text + std::string(64, '8');
    uint64_t value = 0;
    const char* const begin = around.data() + 64;
    return read_whole(begin, begin + text.size(), value) ? std::to_string(value) : "none";
  };
  EXPECT_EQ(whole("0"), "0");
  EXPECT_EQ(whole("12345678"), "12345678");
  EXPECT_EQ(whole("00000009"), "9");
  for (const char* text : {"", "123456789", "1.2", "-1", "1 ", "a"}) EXPECT_EQ(whole(text), "none");
}

}  // namespace
}  // namespace millrace::ml
