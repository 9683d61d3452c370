#include "runtime/locked.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::runtime {
namespace {

TEST(Locked, PassesItsArgumentsOnAndAnswersWhatTheFunctionDoes) {
  Locked<std::string> text(3, 'x');
  EXPECT_EQ(text.with([](std::string& t) { return t + "y"; }), "xxxy");
  text.with([](std::string& t) { t = "z"; });
  const Locked<std::string>& read = text;
  EXPECT_EQ(read.with([](const std::string& t) { return t.size(); }), 1U);
}

TEST(Locked, OneAtATime) {
  Locked<std::pair<int, int>> halves;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20'000; ++i) {
          halves.with([](auto& pair) {
            const int next = pair.first + 1;
            pair.first = next;
            pair.second = next;
          });
        }
      });
    }
  }
  EXPECT_EQ(halves.with([](const auto& pair) { return pair; }), std::make_pair(80'000, 80'000));
}

TEST(Locked, LetsGoWhereTheFunctionThrows) {
  Locked<int> number(1);
  EXPECT_THROW(number.with([](int&) -> int { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(number.with([](int& n) { return ++n; }), 2);
}

}  // namespace
}  // namespace millrace::runtime
