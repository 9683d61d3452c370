// kill -9 at random moments: what was acknowledged is there, nothing is there by half, and every
// event arrives. The process that is killed is this program, started again as the test
// CrashVictim.DISABLED_Commits.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <random>

#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/nursery.h"
#include "store/bus.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

constexpr unsigned kLanes = 8;
constexpr int kReportFd = 9;
constexpr const char* kFolderVariable = "MILLRACE_STORE_CRASH_FOLDER";
constexpr const char* kSyncVariable = "MILLRACE_STORE_CRASH_SYNC";

// Step n of a lane is a row in each of two tables, the lane's progress and an event.
struct Step {
  uint64_t lane = 0;
  uint64_t number = 0;
  std::string filler;
  using Key = std::tuple<uint64_t, uint64_t>;
  Key key() const { return {lane, number}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.lane);
    v(2, self.number);
    v(3, self.filler);
  }
};
struct Progress {
  uint64_t lane = 0;
  uint64_t number = 0;
  using Key = std::tuple<uint64_t>;
  Key key() const { return {lane}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.lane);
    v(2, self.number);
  }
};
constexpr Table<Step> kLeft{"test.left"};
constexpr Table<Step> kRight{"test.right"};
constexpr Table<Progress> kProgress{"test.progress"};
constexpr Table<Progress> kHandled{"test.handled"};

struct Report {
  uint64_t lane = 0;
  uint64_t number = 0;
};

Database::Options options(const std::filesystem::path& folder) {
  // So small that flushes and compactions are under way, too.
  return {.path = folder / "rows", .write_buffer_bytes = 64 * 1024};
}

Task<void> commit_steps(Database* db, uint64_t lane) {
  for (;;) {
    Txn txn = db->begin();
    CO_TRY(const auto before, txn.find(kProgress, {lane}));
    const Progress next{lane, before ? before->number + 1 : 1};
    const Step step{lane, next.number, std::string(next.number % 700, 'f')};
    txn.put(kProgress, next);
    txn.put(kLeft, step);
    txn.put(kRight, step);
    Event event;
    event.source = "test";
    event.resource = std::to_string(lane);
    event.detail = std::to_string(next.number);
    txn.emit(std::move(event));
    CO_TRY(co_await txn.commit());
    const Report report{lane, next.number};
    if (::write(kReportFd, &report, sizeof(report)) != sizeof(report)) _exit(0);
  }
}

// Fails where an event was left out or came before its time.
Task<void> note_handled(Database* db, Event event) {
  const uint64_t lane = std::stoull(event.resource);
  const uint64_t number = std::stoull(event.detail);
  Txn txn = db->begin();
  CO_TRY(const auto before, txn.find(kHandled, {lane}));
  const uint64_t last = before ? before->number : 0;
  if (number <= last) co_return ok;
  if (number != last + 1) co_return fail(ErrorKind::internal, "an event was left out");
  txn.put(kHandled, Progress{lane, number});
  co_return co_await txn.commit();
}

Bus::Handler handler(Database* db) {
  return [db](Event event) { return note_handled(db, std::move(event)); };
}

Task<void> work_until_killed(Database* db, runtime::Clock* clock) {
  runtime::Nursery nursery(*runtime::Loop::current());
  Bus bus(*db, *clock);
  bus.subscribe("crash", {}, handler(db));
  CO_TRY(bus.start(nursery));
  for (uint64_t lane = 0; lane < kLanes; ++lane) nursery.spawn(commit_steps(db, lane));
  co_return co_await nursery.close();
}

TEST(CrashVictim, DISABLED_Commits) {
  const char* folder = std::getenv(kFolderVariable);
  if (folder == nullptr) GTEST_SKIP() << "started by the tests of Crash only";
  runtime::set_log_level(runtime::LogLevel::off);
  Database::Options opening = options(folder);
  const char* crash_sync = std::getenv(kSyncVariable);
  if (crash_sync != nullptr) {
    opening.faults = std::make_shared<FaultPlan>();
    FaultPlan* const plan = opening.faults.get();
    const uint64_t at = std::stoull(crash_sync);
    plan->set([plan, at](FileOperation operation, std::string_view) {
      if (operation == FileOperation::sync && plan->count(operation) >= at) ::raise(SIGKILL);
      return Fault::none;
    });
  }
  auto db = Database::open(opening);
  ASSERT_TRUE(db) << db.error().message;
  const auto clock = runtime::make_system_clock();
  runtime::Loop loop;
  ASSERT_TRUE(runtime::run_task(loop, work_until_killed(db->get(), clock.get())));
}

using Acknowledged = std::array<uint64_t, kLanes>;

// Starts the victim and lets it report `reports` times, or until it ends by itself; then kills it.
void run_victim(const std::filesystem::path& folder, uint64_t reports, const char* crash_sync,
                Acknowledged& acknowledged) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], kReportFd);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ASSERT_EQ(setenv(kFolderVariable, folder.c_str(), 1), 0);
  if (crash_sync != nullptr) {
    ASSERT_EQ(setenv(kSyncVariable, crash_sync, 1), 0);
  } else {
    unsetenv(kSyncVariable);
  }
  std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::string filter = "--gtest_filter=CrashVictim.DISABLED_Commits";
  std::string disabled = "--gtest_also_run_disabled_tests";
  char* arguments[] = {program.data(), filter.data(), disabled.data(), nullptr};
  pid_t pid = 0;
  ASSERT_EQ(posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  Report report;
  for (uint64_t i = 0; i < reports; ++i) {
    if (read(ends[0], &report, sizeof(report)) != sizeof(report)) break;
    acknowledged[report.lane] = report.number;
  }
  kill(pid, SIGKILL);
  while (read(ends[0], &report, sizeof(report)) == sizeof(report)) {
    acknowledged[report.lane] = report.number;
  }
  close(ends[0]);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status));
}

void expect_whole(Database& db, const Acknowledged& acknowledged) {
  Txn txn = db.begin();
  for (uint64_t lane = 0; lane < kLanes; ++lane) {
    const auto progress = txn.find(kProgress, {lane});
    ASSERT_TRUE(progress) << progress.error().message;
    const uint64_t last = *progress ? (*progress)->number : 0;
    EXPECT_GE(last, acknowledged[lane]);
    for (const Table<Step>& table : {kLeft, kRight}) {
      uint64_t expected = 0;
      const auto visit = [&](Step& step) { return step.number == ++expected; };
      ASSERT_TRUE(txn.each(table, {.prefix = key_prefix(lane)}, visit));
      EXPECT_EQ(expected, last);
    }
  }
}

Task<void> deliver_all(Database* db, runtime::Clock* clock) {
  runtime::Nursery nursery(*runtime::Loop::current());
  Bus bus(*db, *clock);
  bus.subscribe("crash", {}, handler(db));
  CO_TRY(bus.start(nursery));
  const Result<void> drained = co_await bus.drain();
  CO_TRY(co_await nursery.close());
  co_return drained;
}

void expect_delivered(Database& db) {
  const auto clock = runtime::make_system_clock();
  runtime::Loop loop;
  ASSERT_TRUE(runtime::run_task(loop, deliver_all(&db, clock.get())));
  Txn txn = db.begin();
  for (uint64_t lane = 0; lane < kLanes; ++lane) {
    const auto done = txn.find(kProgress, {lane});
    const auto handled = txn.find(kHandled, {lane});
    ASSERT_TRUE(done && handled);
    EXPECT_EQ(*handled ? (*handled)->number : 0, *done ? (*done)->number : 0);
  }
  EXPECT_TRUE(txn.scan(kDeadLetters, {})->empty());
}

TEST(Crash, LosesNothingThatWasAcknowledged) {
  TestFolder folder;
  Acknowledged acknowledged{};
  std::mt19937 random(1);
  for (int round = 0; round < 12; ++round) {
    run_victim(folder.path(), 1 + random() % 300, nullptr, acknowledged);
    auto db = Database::open(options(folder.path()));
    ASSERT_TRUE(db) << db.error().message;
    expect_whole(**db, acknowledged);
    if (round % 4 == 3) expect_delivered(**db);
  }
}

TEST(Crash, AtTheNthSync) {
  TestFolder folder;
  Acknowledged acknowledged{};
  // The first ones are those of opening the database.
  for (int sync = 1; sync <= 16; ++sync) {
    run_victim(folder.path(), 1'000'000, std::to_string(sync).c_str(), acknowledged);
    auto db = Database::open(options(folder.path()));
    ASSERT_TRUE(db) << db.error().message;
    expect_whole(**db, acknowledged);
  }
  EXPECT_GT(*std::min_element(acknowledged.begin(), acknowledged.end()), 0U);
  auto db = Database::open(options(folder.path()));
  ASSERT_TRUE(db);
  expect_delivered(**db);
}

}  // namespace
}  // namespace millrace::store
