#include "engines/jobs/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engines/jobs/job_fixture.h"

namespace millrace::jobs {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGroup = "millrace-0123456789abcdef01234567";

// A folder in the place of the kernel's: the files of a group are there before it is made.
class CgroupTest : public ::testing::Test {
 protected:
  void put(const fs::path& path, const std::string& text) {
    fs::create_directories((root_.path() / path).parent_path());
    put_content(root_.path() / path, text);
  }
  std::string read(const fs::path& path) { return content_of(root_.path() / path); }
  CgroupTree tree() const {
    return {.mount = (root_.path() / "cgroup").string(),
            .memberships = (root_.path() / "memberships").string()};
  }
  void offer(const fs::path& group, std::initializer_list<const char*> files) {
    for (const char* name : files) put(group / name, "");
  }

  // `enabled`: the controllers that the group gets.
  fs::path v2(const std::string& enabled) {
    put("memberships", "0::/user.slice\n");
    put("cgroup/cgroup.controllers", "cpu memory pids\n");
    put("cgroup/user.slice/cgroup.subtree_control", "");
    const fs::path group = fs::path("cgroup/user.slice") / kGroup;
    offer(group, {"memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max",
                  "cgroup.procs"});
    put(group / "cgroup.controllers", enabled);
    return group;
  }

  ScratchDirectory root_;
  Limits limits_{.memory_bytes = 1 << 20, .cpu_cores = 1.5, .processes = 7};
};

TEST_F(CgroupTest, V2SetsEveryLimitAndTakesTheProcess) {
  const fs::path group = v2("cpu memory pids\n");
  Cgroups groups(kGroup, limits_, tree());
  EXPECT_EQ(read("cgroup/user.slice/cgroup.subtree_control"), "+memory +pids +cpu");
  ASSERT_EQ(groups.directories(), std::vector<std::string>{(root_.path() / group).string()});
  EXPECT_EQ(read(group / "memory.max"), "1048576");
  EXPECT_EQ(read(group / "memory.swap.max"), "0");
  EXPECT_EQ(read(group / "memory.oom.group"), "1");
  EXPECT_EQ(read(group / "pids.max"), "7");
  EXPECT_EQ(read(group / "cpu.max"), "150000 100000");
  Isolation isolation;
  groups.describe(isolation);
  EXPECT_EQ(isolation.memory, "cgroup-v2");
  EXPECT_EQ(isolation.processes, "cgroup-v2");
  EXPECT_EQ(isolation.cpu, "cgroup-v2");
  EXPECT_TRUE(groups.add(4711));
  EXPECT_EQ(read(group / "cgroup.procs"), "4711");
}

TEST_F(CgroupTest, V2TellsWhoWasKilledForMemoryAndHowMuchThereWas) {
  const fs::path group = v2("memory pids");
  const Cgroups groups(kGroup, limits_, tree());
  EXPECT_FALSE(groups.memory_killed());
  put(group / "memory.events", "low 0\noom 1\noom_kill 0\n");
  EXPECT_FALSE(groups.memory_killed());
  put(group / "memory.events", "low 0\noom 1\noom_kill 2\n");
  EXPECT_TRUE(groups.memory_killed());
  put(group / "memory.peak", "123456\n");
  EXPECT_EQ(groups.memory_peak_bytes(), 123456U);
}

TEST_F(CgroupTest, V2WithoutItsControllersIsNoGroup) {
  const fs::path group = v2("cpu");
  fs::remove_all(root_.path() / group);
  const Cgroups groups(kGroup, limits_, tree());
  EXPECT_TRUE(groups.directories().empty());
  EXPECT_FALSE(fs::exists(root_.path() / group));
  Isolation isolation;
  groups.describe(isolation);
  EXPECT_EQ(isolation.memory, "none");
}

TEST_F(CgroupTest, AProcessThatIsNotTakenLeavesNoGroup) {
  const fs::path group = v2("memory pids");
  fs::remove(root_.path() / group / "cgroup.procs");
  Cgroups groups(kGroup, limits_, tree());
  EXPECT_FALSE(groups.add(4711));
  EXPECT_TRUE(groups.directories().empty());
}

TEST_F(CgroupTest, GroupsAreFoundByName) {
  EXPECT_EQ(cgroup_name("/a/b").size(), std::string(kGroup).size());
  EXPECT_NE(cgroup_name("/a/b"), cgroup_name("/a/c"));
  const fs::path group = v2("memory pids");
  EXPECT_EQ(find_cgroups(kGroup, tree()),
            std::vector<std::string>{(root_.path() / group).string()});
  EXPECT_TRUE(find_cgroups("millrace-other", tree()).empty());
}

TEST_F(CgroupTest, V1HasAHierarchyForEachController) {
  put("memberships", "4:memory:/job\n3:pids:/\n2:cpu,cpuacct:/elsewhere\n");
  const fs::path memory = fs::path("cgroup/memory/job") / kGroup;
  const fs::path pids = fs::path("cgroup/pids") / kGroup;
  const fs::path cpu = fs::path("cgroup/cpu,cpuacct") / kGroup;
  offer(memory, {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes"});
  offer(pids, {"pids.max"});
  offer(cpu, {"cpu.cfs_period_us", "cpu.cfs_quota_us"});
  const Cgroups groups(kGroup, limits_, tree());
  EXPECT_EQ(read(memory / "memory.limit_in_bytes"), "1048576");
  EXPECT_EQ(read(pids / "pids.max"), "7");
  EXPECT_EQ(read(cpu / "cpu.cfs_quota_us"), "150000");
  EXPECT_EQ(groups.directories().size(), 3U);
  EXPECT_EQ(find_cgroups(kGroup, tree()).size(), 3U);
}

// A path from a file on disk: nothing but what this module makes is touched.
TEST_F(CgroupTest, NoOtherDirectoryIsRemoved) {
  const fs::path other = root_.path() / "other";
  fs::create_directory(other);
  remove_cgroups({other.string(), "/sys/fs/cgroup/pids"});
  EXPECT_TRUE(fs::exists(other));
}

}  // namespace
}  // namespace millrace::jobs
