#include "engines/jobs/launcher.h"

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <optional>
#include <vector>

#include "engines/jobs/cgroup.h"
#include "engines/jobs/job_fixture.h"
#include "engines/jobs/log_file.h"
#include "engines/jobs/process_info.h"
#include "engines/jobs/report.h"

namespace millrace::jobs {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  JobEnd end;
  std::string out, err, notes;  // Lines, each with its "\n".
  size_t lines = 0;
};

bool kernel_allows_namespaces() {
  const int pid = ::fork();
  if (pid == 0) ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) == 0 ? 0 : 1);
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status == 0;
}

// One supervisor at a time, without a platform.
class NamespacesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kernel_allows_namespaces()) GTEST_SKIP() << "the kernel allows no namespaces";
  }

  fs::path directory(const std::string& id) const { return scratch_.path() / "jobs" / id; }

  SupervisorProcess start(JobSpec spec) {
    const fs::path job = directory(spec.id);
    fs::create_directories(job / kRootDirectory);
    fs::create_directories(job / kTemporaryDirectory);
    put_content(job / kSpecFile, encode(spec));
    auto spawned = spawn_supervisor({JOBS_LAUNCHER, "launch-job"}, job);
    EXPECT_TRUE(spawned) << spawned.error().message;
    return spawned ? *spawned : SupervisorProcess{};
  }

  Outcome finish(const std::string& id, SupervisorProcess process) {
    int status = -1;
    ::waitpid(process.pid, &status, 0);
    ::close(process.pidfd);
    return read_outcome(id);
  }

  Outcome read_outcome(const std::string& id) {
    Outcome outcome;
    auto end = parse_end(content_of(directory(id) / kStatusFile));
    EXPECT_TRUE(end) << content_of(directory(id) / "supervisor.err");
    if (end) outcome.end = *end;
    const std::string log = content_of(directory(id) / kLogFile);
    std::string_view rest = log;
    LogRecord record;
    while (parse_record(rest, record) == LogParse::record) {
      std::string& text = record.stream == Stream::out   ? outcome.out
                          : record.stream == Stream::err ? outcome.err
                                                         : outcome.notes;
      text += record.text;
      text += '\n';
      ++outcome.lines;
      rest.remove_prefix(record.bytes);
    }
    EXPECT_TRUE(rest.empty());
    return outcome;
  }

  Outcome run(JobSpec spec) {
    const std::string id = spec.id;
    return finish(id, start(std::move(spec)));
  }

  // A directory of the host that a job waits at: the test's event, and the job's.
  fs::path shared() {
    const fs::path path = scratch_.path() / "shared";
    fs::create_directories(path);
    return path;
  }

  // Blocks until the job has opened the FIFO `name` in `shared` for writing, and reads it.
  std::string await_fifo(const std::string& name) { return content_of(shared() / name); }
  void make_fifo(const std::string& name) {
    ASSERT_EQ(0, ::mkfifo((shared() / name).c_str(), 0600));
  }

  ScratchDirectory scratch_;
};

// The parameter: with namespaces or without.
class LauncherTest : public NamespacesTest, public ::testing::WithParamInterface<Sandbox> {
 protected:
  void SetUp() override {
    if (GetParam() == Sandbox::namespaces) NamespacesTest::SetUp();
  }
};

INSTANTIATE_TEST_SUITE_P(Both, LauncherTest,
                         ::testing::Values(Sandbox::namespaces, Sandbox::private_tree),
                         [](const auto& info) {
                           return info.param == Sandbox::namespaces ? "namespaces" : "private_tree";
                         });

TEST_P(LauncherTest, OutputStreamsAndExitCode) {
  const Outcome outcome =
      run(shell_job("j", "echo one; echo two >&2; printf three; exit 7", GetParam()));
  EXPECT_EQ(EndReason::exited, outcome.end.reason) << outcome.end.detail;
  EXPECT_EQ(7, outcome.end.exit_code);
  EXPECT_EQ("exited with code 7", outcome.end.detail);
  EXPECT_EQ("one\nthree\n", outcome.out);
  EXPECT_EQ("two\n", outcome.err);
  EXPECT_EQ(12u - 1u, outcome.end.output_bytes);
  EXPECT_EQ(GetParam() == Sandbox::namespaces, outcome.end.isolation.namespaces);
  EXPECT_TRUE(outcome.end.isolation.seccomp);
  EXPECT_GT(outcome.end.ended, outcome.end.started);
  EXPECT_GT(outcome.end.memory_peak_bytes, 0u);
}

TEST_P(LauncherTest, EnvironmentIsWhatWasAsked) {
  ::setenv("JOBS_TEST_SECRET", "of the platform", 1);
  JobSpec spec = shell_job("j", "exec env", GetParam());
  spec.environment = {{"SM_NUM_GPUS", "0"}, {"EMPTY", ""}, {"LINES", "a\nb"}};
  const Outcome outcome = run(spec);
  EXPECT_NE(std::string::npos, outcome.out.find("SM_NUM_GPUS=0\n"));
  EXPECT_NE(std::string::npos, outcome.out.find("EMPTY=\n"));
  EXPECT_NE(std::string::npos, outcome.out.find("LINES=a\nb\n"));
  EXPECT_NE(std::string::npos, outcome.out.find("MILLRACE_JOB_ROOT="));
  EXPECT_EQ(std::string::npos, outcome.out.find("SECRET"));
}

TEST_P(LauncherTest, MountsAreReadAndWritten) {
  put_content(shared() / "in", "from the host");
  JobSpec spec = shell_job("j",
                           "cat $MILLRACE_JOB_ROOT/opt/ml/in; pwd; "
                           "echo from the job > $MILLRACE_JOB_ROOT/opt/ml/out; "
                           "echo x > $TMPDIR/t && cat $TMPDIR/t",
                           GetParam());
  spec.mounts = {{shared().string(), "/opt/ml", false}};
  spec.working_directory = "/opt/ml/code";
  const Outcome outcome = run(spec);
  EXPECT_EQ(0, outcome.end.exit_code) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("from the host"));
  EXPECT_NE(std::string::npos, outcome.out.find("/code\nx\n")) << outcome.out;
  EXPECT_EQ("from the job\n", content_of(shared() / "out"));
}

TEST_P(LauncherTest, StandardInputIsClosedAndNoDescriptorLeaks) {
  const Outcome outcome = run(shell_job("j", "cat; echo end; ls /proc/self/fd", GetParam()));
  // 0, 1, 2 and the one that ls reads the directory with.
  EXPECT_EQ("end\n0\n1\n2\n3\n", outcome.out);
}

TEST_P(LauncherTest, ProgramHasNoCapabilitiesAndNoNewPrivileges) {
  const Outcome outcome =
      run(shell_job("j",
                    "grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; "
                    "mount -t tmpfs x /tmp; unshare -U true; kill -STOP 1",
                    GetParam()));
  EXPECT_NE(std::string::npos, outcome.out.find("CapEff:\t0000000000000000"));
  EXPECT_NE(std::string::npos, outcome.out.find("CapBnd:\t0000000000000000"));
  EXPECT_NE(std::string::npos, outcome.out.find("NoNewPrivs:\t1"));
  EXPECT_NE(std::string::npos, outcome.out.find("Seccomp:\t2"));
  EXPECT_NE(std::string::npos, outcome.err.find("unshare failed: Operation not permitted"));
}

TEST_P(LauncherTest, SignalThatEndsTheProgramIsTold) {
  const Outcome outcome = run(shell_job("j", "kill -SEGV $$", GetParam()));
  EXPECT_EQ(EndReason::exited, outcome.end.reason);
  EXPECT_EQ(SIGSEGV, outcome.end.signal);
  EXPECT_EQ(-1, outcome.end.exit_code);
}

TEST_P(LauncherTest, NoSuchProgramIsALaunchFailureWithItsCause) {
  JobSpec spec = shell_job("j", "", GetParam());
  spec.program = {"/no/such/program"};
  const Outcome outcome = run(spec);
  EXPECT_EQ(EndReason::launch_failed, outcome.end.reason);
  EXPECT_EQ("exec /no/such/program: No such file or directory", outcome.end.detail);
  EXPECT_EQ(Time{}, outcome.end.started);
}

TEST_P(LauncherTest, MissingMountIsALaunchFailureWithItsCause) {
  JobSpec spec = shell_job("j", "true", GetParam());
  spec.mounts = {{"/no/such/directory", "/opt/ml", false}};
  const Outcome outcome = run(spec);
  EXPECT_EQ(EndReason::launch_failed, outcome.end.reason);
  EXPECT_NE(std::string::npos, outcome.end.detail.find("/no/such/directory"));
}

TEST_P(LauncherTest, OwnBinaryIsFound) {
  JobSpec spec = shell_job("j", "", GetParam());
  spec.program = {"/proc/self/exe", "write-bytes", "3", "x"};
  const Outcome outcome = run(spec);
  EXPECT_EQ(0, outcome.end.exit_code) << outcome.end.detail << outcome.err;
  EXPECT_EQ("xxx\n", outcome.out);
}

TEST_P(LauncherTest, StopReachesTheProgramsHandler) {
  make_fifo("ready");
  JobSpec spec = shell_job("j",
                           "trap 'echo caught; exit 3' TERM; sleep 100 & "
                           "echo x > $MILLRACE_JOB_ROOT/s/ready; wait",
                           GetParam());
  spec.mounts = {{shared().string(), "/s", false}};
  const SupervisorProcess process = start(spec);
  await_fifo("ready");
  ::kill(process.pid, SIGTERM);
  const Outcome outcome = finish("j", process);
  EXPECT_EQ(EndReason::stopped, outcome.end.reason);
  EXPECT_EQ(3, outcome.end.exit_code);
  EXPECT_EQ("caught\n", outcome.out);
}

TEST_P(LauncherTest, ProgramThatIgnoresTheStopIsKilledAfterTheGrace) {
  make_fifo("ready");
  JobSpec spec = shell_job("j",
                           "trap '' TERM; echo x > $MILLRACE_JOB_ROOT/s/ready; "
                           "while :; do sleep 100; done",
                           GetParam());
  spec.mounts = {{shared().string(), "/s", false}};
  spec.stop_grace = milliseconds(100);
  const SupervisorProcess process = start(spec);
  await_fifo("ready");
  ::kill(process.pid, SIGTERM);
  const Outcome outcome = finish("j", process);
  EXPECT_EQ(EndReason::stopped, outcome.end.reason);
  EXPECT_EQ(SIGKILL, outcome.end.signal);
}

TEST_P(LauncherTest, StopBeforeTheProgramRunsIsNotLost) {
  JobSpec spec = shell_job("j", "while :; do sleep 100; done", GetParam());
  const SupervisorProcess process = start(spec);
  ::kill(process.pid, SIGTERM);
  EXPECT_EQ(EndReason::stopped, finish("j", process).end.reason);
}

TEST_P(LauncherTest, WallLimitEndsTheJob) {
  JobSpec spec = shell_job("j", "exec sleep 100", GetParam());
  spec.limits.wall = milliseconds(100);
  const Outcome outcome = run(spec);
  EXPECT_EQ(EndReason::killed_wall, outcome.end.reason);
  EXPECT_EQ(SIGTERM, outcome.end.signal);
  EXPECT_EQ("ran longer than its limit of 0.1 s", outcome.end.detail);
}

TEST_P(LauncherTest, MemoryLimitEndsTheJob) {
  JobSpec spec = shell_job("j", "", GetParam());
  spec.program = {"/proc/self/exe", "eat-memory"};
  spec.limits.memory_bytes = 64ull * 1024 * 1024;
  const Outcome outcome = run(spec);
  EXPECT_EQ(EndReason::killed_memory, outcome.end.reason) << outcome.end.detail;
  EXPECT_EQ(SIGKILL, outcome.end.signal);
  EXPECT_GT(outcome.end.memory_peak_bytes, 32ull * 1024 * 1024);
  EXPECT_NE("none", outcome.end.isolation.memory);
}

TEST_P(LauncherTest, ForkBombIsContained) {
  JobSpec spec = shell_job("j", "", GetParam());
  spec.program = {"/proc/self/exe", "fork-all"};
  spec.limits.processes = 64;
  const Outcome outcome = run(spec);
  if (outcome.end.isolation.processes == "sampled") {
    EXPECT_EQ(EndReason::killed_processes, outcome.end.reason);
  } else {
    EXPECT_EQ(EndReason::exited, outcome.end.reason) << outcome.end.detail;
    EXPECT_EQ("forked 62\n", outcome.out);  // And the program and init.
  }
}

TEST_P(LauncherTest, WithoutCgroupsMemoryIsSampled) {
  JobSpec spec = shell_job("j", "", GetParam());
  spec.program = {"/proc/self/exe", "eat-memory"};
  spec.limits.memory_bytes = 64ull * 1024 * 1024;
  spec.cgroups = false;
  const Outcome outcome = run(spec);
  EXPECT_EQ(EndReason::killed_memory, outcome.end.reason) << outcome.end.detail;
  EXPECT_EQ(SIGKILL, outcome.end.signal);
  EXPECT_EQ("sampled", outcome.end.isolation.memory);
}

TEST_P(LauncherTest, WithoutCgroupsProcessesAreSampled) {
  make_fifo("go");
  JobSpec spec = shell_job("j",
                           "i=0; while [ $i -lt 40 ]; do sleep 100 & i=$((i+1)); done; "
                           "read line < $MILLRACE_JOB_ROOT/s/go",
                           GetParam());
  spec.mounts = {{shared().string(), "/s", false}};
  spec.limits.processes = 32;
  spec.cgroups = false;
  const Outcome outcome = run(spec);
  EXPECT_EQ(EndReason::killed_processes, outcome.end.reason) << outcome.end.detail;
  EXPECT_EQ("sampled", outcome.end.isolation.processes);
  EXPECT_EQ("had more than its limit of 32 processes", outcome.end.detail);
}

TEST_P(LauncherTest, NothingOutlivesTheProgram) {
  make_fifo("alive");
  // The grandchild in a session of its own holds the FIFO open until it ends.
  JobSpec spec = shell_job("j",
                           "setsid sh -c 'echo up; sleep 100' > $MILLRACE_JOB_ROOT/s/alive & "
                           "read line < $MILLRACE_JOB_ROOT/s/go; exit 0",
                           GetParam());
  make_fifo("go");
  spec.mounts = {{shared().string(), "/s", false}};
  const SupervisorProcess process = start(spec);
  std::ifstream alive(shared() / "alive");
  std::string line;
  std::getline(alive, line);
  EXPECT_EQ("up", line);
  put_content(shared() / "go", "go\n");
  EXPECT_EQ(0, finish("j", process).end.exit_code);
  std::getline(alive, line);  // The end of the file comes when the last writer has ended.
  EXPECT_TRUE(alive.eof());
}

TEST_P(LauncherTest, HugeOutputIsKeptWhole) {
  JobSpec spec =
      shell_job("j", "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done", GetParam());
  const Outcome outcome = run(spec);
  EXPECT_EQ(20000u, outcome.lines);
  EXPECT_TRUE(outcome.out.ends_with("line 19998\nline 19999\n"));
  EXPECT_EQ(0u, outcome.end.dropped_bytes);
}

TEST_P(LauncherTest, OutputBeyondTheLimitIsDroppedAndCounted) {
  JobSpec spec = shell_job("j", "", GetParam());
  spec.program = {"/proc/self/exe", "write-bytes", "3000000", "x"};
  spec.limits.output_bytes = 1'000'000;
  const Outcome outcome = run(spec);
  EXPECT_EQ(0, outcome.end.exit_code);
  EXPECT_LE(outcome.end.output_bytes, 1'000'000u);
  EXPECT_GT(outcome.end.output_bytes, 700'000u);
  EXPECT_EQ(3'000'000u, outcome.end.output_bytes + outcome.end.dropped_bytes);
  EXPECT_EQ("The job's limit of output is reached; what follows is dropped.\n", outcome.notes);
}

TEST_P(LauncherTest, BinaryOutputBecomesValidText) {
  const Outcome outcome = run(shell_job("j", "printf 'a\\377b\\0c\\nd\\r\\n'", GetParam()));
  EXPECT_EQ(std::string("a\xEF\xBF\xBD"
                        "b\0c\nd\n",
                        10),
            outcome.out);
}

TEST_P(LauncherTest, OpenFilesAreLimited) {
  JobSpec spec = shell_job("j", "ulimit -n; ulimit -c", GetParam());
  spec.limits.open_files = 77;
  EXPECT_EQ("77\n0\n", run(spec).out);
}

TEST_P(LauncherTest, SecondSupervisorIsRefused) {
  make_fifo("ready");
  JobSpec spec = shell_job("j", "echo x > $MILLRACE_JOB_ROOT/s/ready; exec sleep 100", GetParam());
  spec.mounts = {{shared().string(), "/s", false}};
  const SupervisorProcess process = start(spec);
  await_fifo("ready");
  const auto second = spawn_supervisor({JOBS_LAUNCHER, "launch-job"}, directory("j"));
  ASSERT_FALSE(second);
  EXPECT_EQ(ErrorKind::already_exists, second.error().kind);
  ::kill(process.pid, SIGTERM);
  EXPECT_EQ(EndReason::stopped, finish("j", process).end.reason);
}

TEST_P(LauncherTest, JobDiesWithItsSupervisor) {
  make_fifo("alive");
  JobSpec spec =
      shell_job("j", "exec 3> $MILLRACE_JOB_ROOT/s/alive; echo up >&3; exec sleep 100", GetParam());
  spec.mounts = {{shared().string(), "/s", false}};
  const SupervisorProcess process = start(spec);
  std::ifstream alive(shared() / "alive");
  std::string line;
  std::getline(alive, line);
  ::kill(process.pid, SIGKILL);
  ::waitpid(process.pid, nullptr, 0);
  ::close(process.pidfd);
  std::getline(alive, line);
  EXPECT_TRUE(alive.eof());
  EXPECT_FALSE(fs::exists(directory("j") / kStatusFile));
  auto record = parse_process(content_of(directory("j") / kProcessFile));
  ASSERT_TRUE(record);
  remove_cgroups(record->cgroups);
}

TEST_F(NamespacesTest, HostsDirectoriesAndProcessesAreNotSeen) {
  put_content(shared() / "secret", "x");
  const Outcome outcome = run(shell_job(
      "j", fmt::format("hostname; ls / | tr '\\n' ' '; ls {}; cat /etc/shadow; ls -d /proc/[0-9]*",
                       shared().string())));
  EXPECT_TRUE(outcome.out.starts_with("algo-1\nbin dev etc ")) << outcome.out;
  for (const char* const hidden : {"home", "srv", "boot", "sys ", "work"}) {
    EXPECT_EQ(std::string::npos, outcome.out.find(hidden)) << hidden;
  }
  EXPECT_NE(std::string::npos, outcome.out.find("/proc/1\n/proc/2\n")) << outcome.out;
  EXPECT_EQ(std::string::npos, outcome.out.find("secret"));
  EXPECT_NE(std::string::npos, outcome.err.find("/etc/shadow: No such file"));
}

TEST_F(NamespacesTest, ReadOnlyMountsAndTheSystemAreNotWritten) {
  put_content(shared() / "in", "kept");
  JobSpec spec = shell_job("j",
                           "echo x > /data/in || echo refused; rm /data/in || echo refused; "
                           "touch /usr/x || echo refused; touch /usr/bin/sh || echo refused; "
                           "echo x > /proc/sys/kernel/core_pattern || echo refused; "
                           "echo x > /proc/sysrq-trigger || echo refused; "
                           "mount -o remount,rw /data || echo refused");
  spec.mounts = {{shared().string(), "/data", true}};
  const Outcome outcome = run(spec);
  EXPECT_EQ("refused\nrefused\nrefused\nrefused\nrefused\nrefused\nrefused\n", outcome.out);
  EXPECT_EQ("kept", content_of(shared() / "in"));
}

TEST_F(NamespacesTest, MountInsideAMountIsItsOwn) {
  fs::create_directories(shared() / "outer");
  fs::create_directories(shared() / "inner");
  put_content(shared() / "inner" / "f", "inner");
  JobSpec spec = shell_job("j", "cat /opt/ml/input/data/train/f; touch /opt/ml/model");
  spec.mounts = {{(shared() / "outer").string(), "/opt/ml", false},
                 {(shared() / "inner").string(), "/opt/ml/input/data/train", true}};
  const Outcome outcome = run(spec);
  EXPECT_EQ("inner\n", outcome.out);
  EXPECT_TRUE(fs::exists(shared() / "outer" / "model"));
}

TEST_F(NamespacesTest, WithoutNetworkThereIsOnlyALoopback) {
  JobSpec spec = shell_job("j", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '");
  spec.network = false;
  const Outcome outcome = run(spec);
  EXPECT_EQ("lo\n", outcome.out);
  EXPECT_TRUE(outcome.end.isolation.own_network);
}

TEST_F(NamespacesTest, PythonRuns) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "no python3";
  JobSpec spec = shell_job("j", "");
  spec.program = {"python3", "-c",
                  "import os,ssl,multiprocessing,tempfile;"
                  "tempfile.TemporaryFile().write(b'x');"
                  "multiprocessing.Lock();open('/dev/null','w').write('x');"
                  "print(len(os.urandom(4)), os.path.expanduser('~'))"};
  const Outcome outcome = run(spec);
  EXPECT_EQ("4 /root\n", outcome.out) << outcome.err;
}

TEST_F(NamespacesTest, MemoryEatenByAChildIsTheJobs) {
  JobSpec spec = shell_job("j", "");
  spec.program = {"/bin/sh", "-c", "/opt/launcher eat-memory; exit $?"};
  spec.mounts = {{JOBS_LAUNCHER, "/opt/launcher", true}};
  spec.limits.memory_bytes = 64ull * 1024 * 1024;
  const Outcome outcome = run(spec);
  EXPECT_EQ(EndReason::killed_memory, outcome.end.reason);
}

// Inside a job the kernel refuses namespaces: there a supervisor falls back, and says why.
TEST_F(NamespacesTest, WithoutNamespacesTheTreeIsPrivate) {
  JobSpec inner = shell_job("inner", "echo within $MILLRACE_JOB_ROOT", Sandbox::automatic);
  fs::create_directories(directory("inner") / kTemporaryDirectory);
  put_content(directory("inner") / kSpecFile, encode(inner));
  const std::string path = directory("inner").string();
  JobSpec outer = shell_job(
      "outer", fmt::format("exec 3< {0} 4> {0}/lock; exec {1} launch-job 3", path, JOBS_LAUNCHER),
      Sandbox::private_tree);
  EXPECT_EQ(0, run(outer).end.exit_code);
  const Outcome outcome = read_outcome("inner");
  EXPECT_EQ(EndReason::exited, outcome.end.reason) << outcome.end.detail;
  EXPECT_EQ(fmt::format("within {}/root\n", path), outcome.out);
  EXPECT_FALSE(outcome.end.isolation.namespaces);
  EXPECT_EQ("clone with namespaces: Operation not permitted",
            outcome.end.isolation.fallback_reason);
}

TEST_F(NamespacesTest, DamagedSpecIsALaunchFailure) {
  JobSpec spec = shell_job("j", "true");
  spec.id = "j";
  fs::create_directories(directory("j"));
  put_content(directory("j") / kSpecFile, encode(spec).substr(0, 60));
  auto spawned = spawn_supervisor({JOBS_LAUNCHER, "launch-job"}, directory("j"));
  ASSERT_TRUE(spawned);
  const Outcome outcome = finish("j", *spawned);
  EXPECT_EQ(EndReason::launch_failed, outcome.end.reason);
  EXPECT_EQ("millrace-job: malformed or cut", outcome.end.detail);
}

}  // namespace
}  // namespace millrace::jobs
