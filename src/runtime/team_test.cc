#include "runtime/team.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::runtime {
namespace {

TEST(Team, RunsEveryMemberOnce) {
  Team team("test", 3);
  std::vector<int> runs(3);
  for (int round = 0; round < 100; ++round) team.run([&](unsigned member) { ++runs[member]; });
  EXPECT_EQ(runs, (std::vector<int>{100, 100, 100}));
}

TEST(Team, AloneNeedsNoOther) {
  Team team("test", 1);
  int runs = 0;
  team.run([&](unsigned member) {
    EXPECT_EQ(member, 0u);
    team.meet();
    ++runs;
  });
  EXPECT_EQ(runs, 1);
}

TEST(Team, SeesAfterAMeetingWhatTheOthersWroteBefore) {
  constexpr unsigned kMembers = 4;
  constexpr int kRounds = 200;
  Team team("test", kMembers);
  std::vector<int> written(kMembers);
  std::vector<int> wrong(kMembers);
  team.run([&](unsigned member) {
    for (int round = 1; round <= kRounds; ++round) {
      written[member] = round;
      team.meet();
      for (unsigned other = 0; other < kMembers; ++other) wrong[member] += written[other] != round;
      team.meet();
    }
  });
  EXPECT_EQ(wrong, std::vector<int>(kMembers));
}

TEST(Team, KnowsHowManyCoresItMayUse) {
  EXPECT_GE(usable_cores(), 1u);
  EXPECT_GE(free_cores(), 1u);
  EXPECT_LE(free_cores(), usable_cores());
}

TEST(Team, SpinsAcrossTheWrapOfTheCounter) {
  std::atomic<uint32_t> counter{2};
  spin_until(counter, 0xfffffff0u);  // Reached before the counter wrapped.
  spin_until(counter, 2);
  EXPECT_EQ(counter.load(), 2u);
}

}  // namespace
}  // namespace millrace::runtime
