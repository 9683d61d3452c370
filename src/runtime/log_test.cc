#include "runtime/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace millrace::runtime {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    set_log_level(LogLevel::info);
    ::testing::internal::CaptureStderr();
  }
  void TearDown() override { set_log_level(LogLevel::off); }
  static std::string written() { return ::testing::internal::GetCapturedStderr(); }
};

TEST_F(LogTest, OneLineWithTimeLevelEventAndFields) {
  log(LogLevel::warning, "worker.ended", {{"worker", "w-1"}, {"cause", "exit code 1"}});
  const std::string line = written();
  const std::string time = line.substr(0, line.find(' '));
  EXPECT_EQ(time.size(), std::string("2026-01-01T00:00:00.000Z").size());
  EXPECT_EQ(line.substr(time.size()), " warning worker.ended worker=w-1 cause=\"exit code 1\"\n");
}

// What comes from outside can neither end the line nor begin a field of its own.
TEST_F(LogTest, ValuesCannotForgeLines) {
  log(LogLevel::info, "e", {{"a", "x\n2026 error forged"}, {"b", R"(q"\ r=1)"}, {"c", ""}});
  const std::string line = written();
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.substr(line.find(" e ")),
            " e a=\"x 2026 error forged\" b=\"q\\\"\\\\ r=1\" c=\"\"\n");
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  log(LogLevel::debug, "not");
  set_log_level(LogLevel::error);
  log(LogLevel::warning, "neither");
  log(LogLevel::error, "this");
  set_log_level(LogLevel::off);
  log(LogLevel::error, "nothing");
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_NE(text.find(" error this\n"), std::string::npos);
}

// A line is one write, so those of several threads do not mix.
TEST_F(LogTest, LinesOfThreadsStayWhole) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 100; ++i) {
          log(LogLevel::info, "event", {{"text", std::string(200, static_cast<char>('a' + t))}});
        }
      });
    }
  }
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 400);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string value = text.substr(text.find("text=", at) + 5, 200);
    EXPECT_EQ(std::count(value.begin(), value.end(), value.front()), 200);
    at = end + 1;
  }
}

}  // namespace
}  // namespace millrace::runtime
