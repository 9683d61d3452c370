#include "engines/jobs/runner.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "engines/jobs/cgroup.h"
#include "engines/jobs/job_fixture.h"
#include "engines/jobs/launcher.h"
#include "engines/jobs/watch.h"
#include "runtime/log.h"
#include "runtime/loop_thread.h"

namespace millrace::jobs {
namespace {

namespace fs = std::filesystem;
using runtime::run_task;
using runtime::run_task_for;

constexpr std::chrono::seconds kPatience{60};

// Keeps all that it is told, and can refuse.
class Recorder final : public JobObserver {
 public:
  Task<void> lines(std::string id, std::vector<LogLine> lines) override {
    if (refusals > 0) {
      --refusals;
      co_return fail(ErrorKind::internal, "not now");
    }
    const std::lock_guard lock(mutex_);
    batch_max = std::max(batch_max, lines.size());
    for (const LogLine& line : lines) text_[id] += line.text + "\n";
    changed_.notify_all();
    co_return ok;
  }
  Task<void> ended(JobEnd end) override {
    const std::lock_guard lock(mutex_);
    ends_.push_back(std::move(end));
    changed_.notify_all();
    co_return ok;
  }

  std::string text(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return text_[id];
  }
  size_t ends() {
    const std::lock_guard lock(mutex_);
    return ends_.size();
  }
  JobEnd end(size_t index) {
    const std::lock_guard lock(mutex_);
    return ends_.at(index);
  }
  bool await_text(const std::string& id, const std::string& part) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience,
                             [&] { return text_[id].find(part) != std::string::npos; });
  }
  bool await_ends(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return ends_.size() >= count; });
  }

  std::atomic<int> refusals = 0;
  size_t batch_max = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> text_;
  std::vector<JobEnd> ends_;
};

// A disk on which nothing new can be made while it is full.
class FullDisk final : public runtime::Disk {
 public:
  Result<std::unique_ptr<runtime::File>> open(const runtime::Path& path,
                                              runtime::OpenMode mode) override {
    if (full && mode == runtime::OpenMode::create_new) {
      return fail(ErrorKind::exhausted, "no space");
    }
    return disk_->open(path, mode);
  }
  Result<void> make_directories(const runtime::Path& p) override {
    return disk_->make_directories(p);
  }
  Result<void> rename(const runtime::Path& a, const runtime::Path& b) override {
    return disk_->rename(a, b);
  }
  Result<void> remove(const runtime::Path& p) override { return disk_->remove(p); }
  Result<void> remove_tree(const runtime::Path& p) override { return disk_->remove_tree(p); }
  Result<void> sync_directory(const runtime::Path& p) override { return disk_->sync_directory(p); }
  Result<std::vector<runtime::DirectoryEntry>> list(const runtime::Path& p) override {
    return disk_->list(p);
  }
  Result<uint64_t> free_bytes(const runtime::Path& p) override { return disk_->free_bytes(p); }

  std::atomic<bool> full = false;

 private:
  std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
};

// A platform with a runner, until it is destroyed.
class Platform final {
 public:
  explicit Platform(const fs::path& directory,
                    const std::function<void(RunnerOptions&)>& change = {}) {
    RunnerOptions options;
    options.directory = directory;
    options.launcher = {JOBS_LAUNCHER, "launch-job"};
    options.retry_delay = milliseconds(1);
    if (change) change(options);
    runner.emplace(std::move(options),
                   JobRunner::World{thread_.loop(), pool_, disk, *clock_, observer});
    EXPECT_TRUE(run(runner->open()));
  }
  ~Platform() {
    EXPECT_TRUE(run(runner->close()));
    runner.reset();
  }

  Result<void> run(Task<void> task) { return run_task(thread_.loop(), std::move(task), true); }
  template <class T>
  Result<T> get(Task<T> task) {
    return run_task_for(thread_.loop(), std::move(task), true);
  }
  JobStatus status(const std::string& id) {
    auto status = get(runner->status(id));
    EXPECT_TRUE(status);
    return status ? *status : JobStatus{};
  }

  Recorder observer;
  FullDisk disk;

 private:
  runtime::LoopThread thread_{"jobs"};
  runtime::Pool pool_{"jobs", 2};
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_system_clock();

 public:
  std::optional<JobRunner> runner;
};

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    runtime::set_log_level(runtime::LogLevel::off);
    fs::create_directories(shared());
  }
  fs::path jobs() const { return scratch_.path() / "jobs"; }
  fs::path shared() const { return scratch_.path() / "shared"; }

  JobSpec job(std::string id, std::string script) const {
    JobSpec spec = shell_job(std::move(id), std::move(script), Sandbox::automatic);
    spec.mounts = {{shared().string(), "/s", false}};
    spec.environment = {{"S", "/s"}};
    return spec;
  }
  // A job that says "up", and ends with 5 when released, telling "down".
  JobSpec gated(const std::string& id) const {
    EXPECT_EQ(0, ::mkfifo((shared() / id).c_str(), 0600));
    return job(id, fmt::format("echo up; read x < $MILLRACE_JOB_ROOT/s/{}; echo down; exit 5", id));
  }
  void release(const std::string& id) const { put_content(shared() / id, "go\n"); }

  // Runs `work` in a process of its own, which then is killed in the midst of its life.
  void in_killed_platform(const std::function<void(Platform&)>& work) const {
    int done[2];
    ASSERT_EQ(0, ::pipe(done));
    const int pid = ::fork();
    if (pid == 0) {
      Platform platform(jobs());
      work(platform);
      [[maybe_unused]] const ssize_t put = ::write(done[1], "x", 1);
      for (;;) ::pause();
    }
    ::close(done[1]);
    char byte = 0;
    EXPECT_EQ(1, ::read(done[0], &byte, 1));
    ::close(done[0]);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }

  ScratchDirectory scratch_;
};

TEST_F(RunnerTest, LinesAndEndAreTold) {
  Platform platform(jobs());
  ASSERT_TRUE(platform.run(platform.runner->start(job("j", "echo a; echo b >&2; exit 4"))));
  auto end = platform.get(platform.runner->wait("j"));
  ASSERT_TRUE(end);
  EXPECT_EQ(EndReason::exited, end->reason) << end->detail;
  EXPECT_EQ(4, end->exit_code);
  const std::string text = platform.observer.text("j");
  EXPECT_TRUE(text == "a\nb\n" || text == "b\na\n") << text;
  EXPECT_EQ(1u, platform.observer.ends());
  const JobStatus status = platform.status("j");
  EXPECT_EQ(JobPhase::ended, status.phase);
  EXPECT_TRUE(status.reported);
  EXPECT_EQ(*end, status.end);
}

TEST_F(RunnerTest, StartingTwiceRunsOnce) {
  Platform platform(jobs());
  const JobSpec spec = job("j", "echo ran >> $MILLRACE_JOB_ROOT/s/ran");
  ASSERT_TRUE(platform.run(platform.runner->start(spec)));
  ASSERT_TRUE(platform.run(platform.runner->start(spec)));
  ASSERT_TRUE(platform.get(platform.runner->wait("j")));
  ASSERT_TRUE(platform.run(platform.runner->start(spec)));
  EXPECT_EQ("ran\n", content_of(shared() / "ran"));
  const auto other = platform.run(platform.runner->start(job("j", "echo other")));
  ASSERT_FALSE(other);
  EXPECT_EQ(ErrorKind::conflict, other.error().kind);
}

TEST_F(RunnerTest, JobsBeyondTheLimitWaitAndAQueuedOneCanBeStopped) {
  Platform platform(jobs(), [](RunnerOptions& options) { options.running_max = 1; });
  auto& runner = *platform.runner;
  ASSERT_TRUE(platform.run(runner.start(gated("first"))));
  ASSERT_TRUE(platform.run(runner.start(job("second", "echo ran"))));
  ASSERT_TRUE(platform.run(runner.start(job("third", "echo ran"))));
  JobSpec worker = job("worker", "echo ran");
  worker.skip_queue = true;
  ASSERT_TRUE(platform.run(runner.start(worker)));
  ASSERT_TRUE(platform.get(runner.wait("worker")));
  EXPECT_EQ(JobPhase::queued, platform.status("second").phase);
  ASSERT_TRUE(platform.run(runner.stop("second")));
  auto stopped = platform.get(runner.wait("second"));
  ASSERT_TRUE(stopped);
  EXPECT_EQ(EndReason::stopped, stopped->reason);
  EXPECT_EQ(Time{}, stopped->started);
  EXPECT_EQ(JobPhase::queued, platform.status("third").phase);
  release("first");
  ASSERT_TRUE(platform.get(runner.wait("third")));
  EXPECT_EQ("ran\n", platform.observer.text("third"));
  EXPECT_EQ("", platform.observer.text("second"));
}

TEST_F(RunnerTest, RunningJobIsStopped) {
  Platform platform(jobs());
  ASSERT_TRUE(platform.run(platform.runner->start(gated("j"))));
  ASSERT_TRUE(platform.observer.await_text("j", "up"));
  ASSERT_TRUE(platform.run(platform.runner->stop("j")));
  auto end = platform.get(platform.runner->wait("j"));
  ASSERT_TRUE(end);
  EXPECT_EQ(EndReason::stopped, end->reason);
  EXPECT_EQ(SIGTERM, end->signal);
  ASSERT_TRUE(platform.run(platform.runner->stop("j")));
  EXPECT_EQ(ErrorKind::not_found, platform.run(platform.runner->stop("k")).error().kind);
}

TEST_F(RunnerTest, LaunchersThatFailAreToldWithTheCause) {
  {
    Platform platform(jobs(), [](RunnerOptions& o) { o.launcher = {"/no/such/launcher"}; });
    ASSERT_TRUE(platform.run(platform.runner->start(job("a", "true"))));
    auto end = platform.get(platform.runner->wait("a"));
    ASSERT_TRUE(end);
    EXPECT_EQ(EndReason::launch_failed, end->reason);
    EXPECT_EQ("start /no/such/launcher: No such file or directory", end->detail);
  }
  Platform platform(jobs(), [](RunnerOptions& o) {
    o.launcher = {"/bin/sh", "-c", "echo broken library >&2; exit 1"};
  });
  ASSERT_TRUE(platform.run(platform.runner->start(job("b", "true"))));
  auto end = platform.get(platform.runner->wait("b"));
  ASSERT_TRUE(end);
  EXPECT_EQ(EndReason::launch_failed, end->reason);
  EXPECT_EQ("the launcher ended before the program ran: broken library\n", end->detail);
}

TEST_F(RunnerTest, RefusedLinesAreToldAgainInBatches) {
  Platform platform(jobs(), [](RunnerOptions& options) { options.batch_lines_max = 10; });
  platform.observer.refusals = 3;
  ASSERT_TRUE(platform.run(
      platform.runner->start(job("j", "i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); done"))));
  ASSERT_TRUE(platform.get(platform.runner->wait("j")));
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += fmt::format("{}\n", i);
  EXPECT_EQ(expected, platform.observer.text("j"));
  EXPECT_LE(platform.observer.batch_max, 10u);
}

TEST_F(RunnerTest, FullDiskRefusesTheStartAndLeavesNothing) {
  Platform platform(jobs());
  platform.disk.full = true;
  const auto refused = platform.run(platform.runner->start(job("j", "echo ran")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(ErrorKind::exhausted, refused.error().kind);
  EXPECT_TRUE(fs::is_empty(jobs()));
  platform.disk.full = false;
  ASSERT_TRUE(platform.run(platform.runner->start(job("j", "echo ran"))));
  ASSERT_TRUE(platform.get(platform.runner->wait("j")));
  EXPECT_EQ("ran\n", platform.observer.text("j"));
}

TEST_F(RunnerTest, RemoveForgetsAnEndedJobOnly) {
  Platform platform(jobs());
  auto& runner = *platform.runner;
  ASSERT_TRUE(platform.run(runner.start(gated("j"))));
  ASSERT_TRUE(platform.observer.await_text("j", "up"));
  EXPECT_EQ(ErrorKind::conflict, platform.run(runner.remove("j")).error().kind);
  const int supervisor = std::stoi(content_of(jobs() / "j" / kLockFile));
  ASSERT_GT(supervisor, 1);
  release("j");
  ASSERT_TRUE(platform.get(runner.wait("j")));
  ASSERT_TRUE(platform.run(runner.remove("j")));
  EXPECT_TRUE(fs::is_empty(jobs()));
  EXPECT_EQ(-1, ::waitpid(supervisor, nullptr, WNOHANG));  // It was reaped.
  EXPECT_EQ(ECHILD, errno);
  EXPECT_EQ(ErrorKind::not_found, platform.get(runner.status("j")).error().kind);
  ASSERT_TRUE(platform.run(runner.remove("j")));
  ASSERT_TRUE(platform.run(runner.start(job("j", "echo another"))));
  ASSERT_TRUE(platform.get(runner.wait("j")));
}

TEST_F(RunnerTest, InvalidSpecsAreRefused) {
  Platform platform(jobs());
  for (const char* const id : {"", ".", "..", "a/b", ".hidden"}) {
    EXPECT_EQ(ErrorKind::invalid,
              platform.run(platform.runner->start(job(id, "true"))).error().kind);
  }
}

TEST_F(RunnerTest, ClosedRunnersJobsGoOnUnderTheNext) {
  const JobSpec spec = gated("j");
  {
    Platform platform(jobs());
    ASSERT_TRUE(platform.run(platform.runner->start(spec)));
    ASSERT_TRUE(platform.observer.await_text("j", "up"));
  }
  release("j");
  Platform platform(jobs());
  auto end = platform.get(platform.runner->wait("j"));
  ASSERT_TRUE(end);
  EXPECT_EQ(5, end->exit_code);
  EXPECT_EQ("down\n", platform.observer.text("j"));
}

TEST_F(RunnerTest, RunningJobIsAdoptedAfterAKill) {
  const JobSpec spec = gated("j");
  in_killed_platform([&](Platform& platform) {
    EXPECT_TRUE(platform.run(platform.runner->start(spec)));
    EXPECT_TRUE(platform.observer.await_text("j", "up"));
  });
  Platform platform(jobs());
  EXPECT_EQ(JobPhase::running, platform.status("j").phase);
  ASSERT_TRUE(platform.run(platform.runner->start(spec)));  // Finds it; does not start it twice.
  release("j");
  auto end = platform.get(platform.runner->wait("j"));
  ASSERT_TRUE(end);
  EXPECT_EQ(EndReason::exited, end->reason) << end->detail;
  EXPECT_EQ(5, end->exit_code);
  EXPECT_TRUE(platform.observer.text("j").ends_with("down\n"));
}

TEST_F(RunnerTest, AdoptedJobCanBeStopped) {
  in_killed_platform([&](Platform& platform) {
    EXPECT_TRUE(platform.run(platform.runner->start(gated("j"))));
    EXPECT_TRUE(platform.observer.await_text("j", "up"));
  });
  Platform platform(jobs());
  ASSERT_TRUE(platform.run(platform.runner->stop("j")));
  auto end = platform.get(platform.runner->wait("j"));
  ASSERT_TRUE(end);
  EXPECT_EQ(EndReason::stopped, end->reason);
}

// Blocks until the job's supervisor has ended.
void await_supervisor(const fs::path& job) {
  int pid = 0;
  unsigned long long start = 0;
  ASSERT_EQ(2, std::sscanf(content_of(job / kLockFile).c_str(), "%d %llu", &pid, &start));
  const auto opened = open_process(pid, start);
  if (!opened) return;
  pollfd polled{*opened, POLLIN, 0};
  EXPECT_EQ(1, ::poll(&polled, 1, 60'000));
  ::close(*opened);
}

TEST_F(RunnerTest, JobThatEndedMeanwhileIsReportedOnce) {
  in_killed_platform([&](Platform& platform) {
    EXPECT_TRUE(platform.run(platform.runner->start(gated("j"))));
    EXPECT_TRUE(platform.observer.await_text("j", "up"));
  });
  release("j");
  await_supervisor(jobs() / "j");
  {
    Platform platform(jobs());
    auto end = platform.get(platform.runner->wait("j"));
    ASSERT_TRUE(end);
    EXPECT_EQ(5, end->exit_code);
    EXPECT_TRUE(platform.observer.text("j").ends_with("down\n"));
    EXPECT_EQ(1u, platform.observer.ends());
  }
  Platform platform(jobs());
  EXPECT_EQ(JobPhase::ended, platform.status("j").phase);
  EXPECT_EQ(5, platform.status("j").end.exit_code);
  ASSERT_TRUE(platform.run(platform.runner->close()));
  EXPECT_EQ(0u, platform.observer.ends());
  EXPECT_EQ("", platform.observer.text("j"));
}

void kill_supervisor(const fs::path& job) {
  int pid = 0;
  ASSERT_EQ(1, std::sscanf(content_of(job / kLockFile).c_str(), "%d", &pid));
  ASSERT_GT(pid, 1);
  ::kill(pid, SIGKILL);
}

std::vector<std::string> cgroups_of(const fs::path& job) {
  return find_cgroups(cgroup_name(job.string()));
}

TEST_F(RunnerTest, EndedJobLeavesNoCgroup) {
  Platform platform(jobs());
  JobSpec spec = gated("j");
  spec.limits.processes = 100;
  ASSERT_TRUE(platform.run(platform.runner->start(spec)));
  ASSERT_TRUE(platform.observer.await_text("j", "up"));
  const size_t held = cgroups_of(jobs() / "j").size();
  release("j");
  auto end = platform.get(platform.runner->wait("j"));
  ASSERT_TRUE(end);
  const bool by_cgroup = end->isolation.processes.starts_with("cgroup");
  EXPECT_EQ(by_cgroup, held > 0);
  EXPECT_TRUE(cgroups_of(jobs() / "j").empty());
}

// A supervisor that died between making its groups and writing that down.
TEST_F(RunnerTest, CgroupsThatNobodyWroteDownAreRemoved) {
  Platform platform(jobs(), [](RunnerOptions& o) { o.launcher = {"/bin/false"}; });
  const Cgroups left(cgroup_name((jobs() / "j").string()), {.processes = 10});
  if (left.directories().empty()) GTEST_SKIP() << "no cgroup can be made here";
  ASSERT_TRUE(platform.run(platform.runner->start(gated("j"))));
  ASSERT_TRUE(platform.get(platform.runner->wait("j")));
  EXPECT_TRUE(cgroups_of(jobs() / "j").empty());
}

TEST_F(RunnerTest, KilledSupervisorIsAVanishedJob) {
  Platform platform(jobs());
  ASSERT_TRUE(platform.run(platform.runner->start(gated("j"))));
  ASSERT_TRUE(platform.observer.await_text("j", "up"));
  kill_supervisor(jobs() / "j");
  auto end = platform.get(platform.runner->wait("j"));
  ASSERT_TRUE(end);
  EXPECT_EQ(EndReason::vanished, end->reason);
  EXPECT_EQ("the job's supervisor was killed; the job ended with it", end->detail);
  EXPECT_GT(end->started, Time{});
  EXPECT_TRUE(cgroups_of(jobs() / "j").empty());
}

TEST_F(RunnerTest, SupervisorKilledWhileThePlatformIsDownIsAVanishedJob) {
  in_killed_platform([&](Platform& platform) {
    EXPECT_TRUE(platform.run(platform.runner->start(gated("j"))));
    EXPECT_TRUE(platform.observer.await_text("j", "up"));
  });
  kill_supervisor(jobs() / "j");
  await_supervisor(jobs() / "j");
  Platform platform(jobs());
  auto end = platform.get(platform.runner->wait("j"));
  ASSERT_TRUE(end);
  EXPECT_EQ(EndReason::vanished, end->reason);
  EXPECT_EQ(1u, platform.observer.ends());
  EXPECT_TRUE(cgroups_of(jobs() / "j").empty());
}

TEST_F(RunnerTest, QueuedJobsOfAKilledPlatformAreStartedInOrder) {
  in_killed_platform([&](Platform& platform) {
    for (int i = 0; i < 8; ++i) {
      EXPECT_TRUE(platform.run(platform.runner->start(gated(fmt::format("gate-{}", i)))));
    }
    for (const char* const id : {"c", "a", "b"}) {
      const JobSpec spec = job(id, fmt::format("echo {} >> $MILLRACE_JOB_ROOT/s/ran", id));
      EXPECT_TRUE(platform.run(platform.runner->start(spec)));
    }
  });
  Platform platform(jobs(), [](RunnerOptions& options) { options.running_max = 1; });
  EXPECT_EQ(JobPhase::queued, platform.status("a").phase);
  for (int i = 0; i < 8; ++i) release(fmt::format("gate-{}", i));
  for (const char* const id : {"a", "b", "c"}) ASSERT_TRUE(platform.get(platform.runner->wait(id)));
  EXPECT_EQ("c\na\nb\n", content_of(shared() / "ran"));
}

TEST_F(RunnerTest, DamagedDirectoryIsReportedNotForgotten) {
  fs::create_directories(jobs() / "j");
  put_content(jobs() / "j" / kSpecFile, "nonsense");
  fs::create_directories(jobs() / ".new-k");
  {
    Platform platform(jobs());
    auto end = platform.get(platform.runner->wait("j"));
    ASSERT_TRUE(end);
    EXPECT_EQ(EndReason::vanished, end->reason);
    EXPECT_FALSE(fs::exists(jobs() / ".new-k"));
  }
  Platform platform(jobs());
  EXPECT_TRUE(platform.status("j").reported);
  ASSERT_TRUE(platform.run(platform.runner->remove("j")));
}

TEST_F(RunnerTest, LargeOutputIsDeliveredWhole) {
  Platform platform(jobs());
  JobSpec spec = job("j", "");
  spec.program = {"/proc/self/exe", "write-bytes", "3000000", "x"};
  ASSERT_TRUE(platform.run(platform.runner->start(spec)));
  ASSERT_TRUE(platform.get(platform.runner->wait("j")));
  const std::string text = platform.observer.text("j");
  EXPECT_EQ(3'000'000u + (3'000'000 + kLogLineMax - 1) / kLogLineMax, text.size());
}

}  // namespace
}  // namespace millrace::jobs
