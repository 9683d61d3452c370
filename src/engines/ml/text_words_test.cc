#include "engines/ml/text_words.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "engines/ml/text_comparison.h"

namespace millrace::ml {
namespace {

// Mostly numbers as they are written, some of them edited.
std::string draw_word(std::mt19937_64& generator) {
  const auto whole = static_cast<int64_t>(generator() >> (11 + generator() % 53));
  const double sign = generator() % 3 == 0 ? -1 : 1;
  std::string word =
      generator() % 4 == 0
          ? fmt::format("{}", whole)
          : fmt::format("{:.{}f}", sign * static_cast<double>(whole) / 4096, generator() % 8);
  if (generator() % 5 == 0) word = word.substr(0, generator() % 9);
  const std::string letters = "0123456789.-+e x";
  if (generator() % 16 == 0 && !word.empty()) {
    word[generator() % word.size()] = letters[generator() % letters.size()];
  }
  return word;
}

TEST(TextWords, ReadsManyNumbersAsOneByOne) {
  std::mt19937_64 generator(7);
  for (int round = 0; round < 3000; ++round) {
    std::string line = draw_word(generator);
    for (uint64_t n = generator() % 200; n > 0; --n) line += "," + draw_word(generator);
    compare_words(line);
  }
  // Every word at every place of the lanes.
  for (const char* word : {"",
                           "-",
                           ".",
                           "-.",
                           "+",
                           "+.",
                           "+1",
                           "+-1",
                           "-+1",
                           "+.5",
                           "+1234567890123456",
                           "5.",
                           ".5",
                           "-0",
                           "0.",
                           "12345678",
                           "123456789",
                           "1234567890123456",
                           "12345678901234567",
                           "-1234567890123456",
                           "1.23456789012345",
                           "12345678.1234567",
                           "1.2.3",
                           "1234567.8.90123",
                           "123456789.12.45",
                           "9999999999999999",
                           "0.00000000000001"}) {
    for (size_t place = 0; place < 70; ++place) {
      std::string line;
      for (size_t n = 0; n < 70; ++n)
        line += (n == 0 ? "" : ",") + std::string(n == place ? word : "1.5");
      compare_words(line);
    }
  }
}

}  // namespace
}  // namespace millrace::ml
