#include "engines/serving/fleets.h"

#include <gtest/gtest.h>

#include <set>

#include "runtime/loop_thread.h"
#include "store/test_folder.h"

namespace millrace::serving {
namespace {

const Realm kRealm{"000000000000", "us-east-1"};

// Workers that exist as names only; a worker answers while it is in `running`.
struct Cluster : WorkerHost, WorkerExchange, ModelSource, InvocationMeter {
  struct Seen {
    std::map<std::string, std::string> sockets;  // Of running workers: socket to id.
    std::set<std::string> started, stopped;
    std::vector<Invocation> invocations;
    int status = 200;
    std::string fetch_error;
    bool never_ready = false;
  };
  runtime::Locked<Seen> seen;

  Task<void> start(Worker worker) override {
    seen.with([&](Seen& s) {
      s.started.insert(worker.id);
      if (!s.never_ready) s.sockets[(worker.folder / "serve.sock").string()] = worker.id;
    });
    co_return ok;
  }
  Task<void> stop(std::string id) override {
    seen.with([&](Seen& s) {
      s.stopped.insert(id);
      std::erase_if(s.sockets, [&](const auto& entry) { return entry.second == id; });
    });
    co_return ok;
  }
  Task<Answer> send(runtime::Path socket, Request request) override {
    const auto found = seen.with([&](Seen& s) {
      const auto it = s.sockets.find(socket.string());
      return std::pair(it == s.sockets.end() ? std::string() : it->second, s.status);
    });
    if (found.first.empty()) co_return fail(ErrorKind::not_found, "nobody listens");
    const int status = request.target == "/ping" ? 200 : found.second;
    co_return Answer{.status = status, .headers = {{"X-Worker", found.first}}, .body = "answer"};
  }
  Task<void> fetch(Realm, std::string, std::string, runtime::Path folder) override {
    const std::string error = seen.with([](Seen& s) { return s.fetch_error; });
    if (!error.empty()) co_return fail(ErrorKind::invalid, error);
    std::filesystem::create_directories(folder);
    co_return ok;
  }
  void record(const Realm&, const Invocation& invocation) override {
    seen.with([&](Seen& s) { s.invocations.push_back(invocation); });
  }
};

Task<void> keep_telling(Fleets& fleets, runtime::Clock& clock, std::stop_token stop) {
  for (;;) {
    fleets.worker_ended("worker-tag-1-0-0", "exit code 3: no such model");
    CO_TRY(co_await clock.sleep_for(milliseconds(1), stop));
  }
}

class FleetsTest : public testing::Test {
 protected:
  FleetsTest() {
    auto opened = store::Database::open({.path = folder.path() / "rows"});
    db = std::move(opened).value();
    make_fleets();
  }
  ~FleetsTest() override { close(); }

  void make_fleets() {
    nursery = std::make_unique<runtime::Nursery>(thread.loop());
    fleets = std::make_unique<Fleets>(
        Fleets::World{*db, *clock, *random, *disk, pool, *nursery, cluster, cluster, cluster,
                      cluster, folder.path() / "models", folder.path() / "run"});
  }
  void close() {
    if (nursery) run(nursery->close()).value();
    fleets.reset();
    nursery.reset();
  }
  Result<void> run(Task<void> task) {
    return runtime::run_task(thread.loop(), std::move(task), true);
  }
  static Variant variant(const std::string& name, int64_t instances = 1) {
    Variant out;
    out.name = name;
    out.instances = instances;
    out.image = "image";
    out.model_url = "s3://b/model.tar.gz";
    return out;
  }
  void plan(std::vector<Variant> variants) {
    store::Txn txn = db->begin();
    Fleets::plan(txn, kRealm, "e", "tag", std::move(variants)).value();
    run(txn.commit()).value();
  }
  void promote() {
    store::Txn txn = db->begin();
    Fleets::promote(txn, kRealm, "e").value();
    run(txn.commit()).value();
  }
  void deploy_all(std::vector<Variant> variants) {
    plan(std::move(variants));
    run(fleets->deploy(kRealm, "e")).value();
    promote();
    run(fleets->settle(kRealm, "e")).value();
  }
  Result<InvokeAnswer> invoke(const std::string& name = "") {
    InvokeRequest request{.realm = kRealm, .endpoint = "e", .variant = name, .request = {}};
    return runtime::run_task_for(thread.loop(), fleets->invoke(std::move(request)), true);
  }
  Cluster::Seen seen() {
    return cluster.seen.with([](Cluster::Seen& s) { return s; });
  }

  store::TestFolder folder;
  runtime::LoopThread thread{"test"};
  runtime::Pool pool{"pool", 1};
  std::unique_ptr<runtime::Clock> clock = runtime::make_system_clock();
  std::unique_ptr<runtime::Random> random = runtime::make_seeded_random(1);
  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
  std::unique_ptr<store::Database> db;
  Cluster cluster;
  std::unique_ptr<runtime::Nursery> nursery;
  std::unique_ptr<Fleets> fleets;
};

TEST_F(FleetsTest, DeployedFleetAnswersAndIsMeasured) {
  deploy_all({variant("v", 2)});
  const Result<InvokeAnswer> answer = invoke();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->answer.body, "answer");
  EXPECT_EQ(answer->variant, "v");
  EXPECT_EQ(fleets->healthy(kRealm, "e").at("v"), 2);
  ASSERT_EQ(seen().invocations.size(), 1U);
  EXPECT_EQ(seen().invocations[0].status, 200);
}

TEST_F(FleetsTest, UpdateReplacesWorkersAndStopsTheOld) {
  deploy_all({variant("v")});
  const std::string before = *invoke()->answer.header("x-worker");
  deploy_all({variant("v")});
  const std::string after = *invoke()->answer.header("x-worker");
  EXPECT_NE(before, after);
  EXPECT_TRUE(seen().stopped.contains(before));
  EXPECT_FALSE(seen().stopped.contains(after));
}

TEST_F(FleetsTest, DamagedModelFailsTheDeploymentAndLeavesTheOldFleet) {
  deploy_all({variant("v")});
  cluster.seen.with([](Cluster::Seen& s) { s.fetch_error = "damaged archive"; });
  plan({variant("v")});
  const Result<void> deployed = run(fleets->deploy(kRealm, "e"));
  ASSERT_FALSE(deployed.has_value());
  EXPECT_EQ(deployed.error().message, "damaged archive");
  store::Txn txn = db->begin();
  Fleets::abandon(txn, kRealm, "e").value();
  run(txn.commit()).value();
  run(fleets->settle(kRealm, "e")).value();
  EXPECT_TRUE(invoke().has_value());
}

TEST_F(FleetsTest, WorkerThatEndsBeforeItIsReadyFailsTheDeploymentWithItsCause) {
  cluster.seen.with([](Cluster::Seen& s) { s.never_ready = true; });
  plan({variant("v")});
  // The end is told while the deployment waits; told again until it is taken.
  nursery->spawn(keep_telling(*fleets, *clock, nursery->stop_token()));
  const Result<void> deployed = run(fleets->deploy(kRealm, "e"));
  ASSERT_FALSE(deployed.has_value());
  EXPECT_NE(deployed.error().message.find("exit code 3: no such model"), std::string::npos);
}

TEST_F(FleetsTest, DeadWorkerIsPassedOver) {
  deploy_all({variant("v", 2)});
  cluster.seen.with([](Cluster::Seen& s) { s.sockets.erase(s.sockets.begin()); });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(invoke().has_value());
}

TEST_F(FleetsTest, EndedWorkerIsStartedAgain) {
  deploy_all({variant("v")});
  const std::string id = *invoke()->answer.header("x-worker");
  cluster.seen.with([](Cluster::Seen& s) {
    s.sockets.clear();
    s.started.clear();
  });
  fleets->worker_ended(id, "killed");
  EXPECT_EQ(invoke().error().kind, ErrorKind::exhausted);
  while (!invoke().has_value()) clock->advance(milliseconds(100));
  EXPECT_TRUE(seen().started.contains(id));
}

TEST_F(FleetsTest, ReopenedFleetServesWhatTheRowsSay) {
  deploy_all({variant("v")});
  close();
  cluster.seen.with([](Cluster::Seen& s) { s.sockets.clear(); });
  make_fleets();
  run(fleets->open()).value();
  while (!invoke().has_value()) clock->advance(milliseconds(1));
  EXPECT_EQ(invoke()->variant, "v");
}

TEST_F(FleetsTest, StoppedWorkersAreStartedAgainByTheNextProcess) {
  deploy_all({variant("v", 2)});
  run(fleets->stop_workers()).value();
  EXPECT_TRUE(seen().sockets.empty());
  close();
  make_fleets();
  run(fleets->open()).value();
  while (!invoke().has_value()) clock->advance(milliseconds(1));
  EXPECT_EQ(seen().sockets.size(), 2U);
}

TEST_F(FleetsTest, ErasedFleetIsGoneWithItsWorkers) {
  deploy_all({variant("v")});
  const std::string id = *invoke()->answer.header("x-worker");
  store::Txn txn = db->begin();
  Fleets::erase(txn, kRealm, "e").value();
  run(txn.commit()).value();
  run(fleets->settle(kRealm, "e")).value();
  EXPECT_EQ(invoke().error().kind, ErrorKind::not_found);
  EXPECT_TRUE(seen().stopped.contains(id));
  store::Txn after = db->begin();
  EXPECT_FALSE(after.find(kFleets, {kRealm, "e"})->has_value());
}

TEST_F(FleetsTest, AnswerOfTheModelIsHandedOnWhateverItsStatus) {
  deploy_all({variant("v")});
  cluster.seen.with([](Cluster::Seen& s) { s.status = 400; });
  EXPECT_EQ(invoke()->answer.status, 400);
  EXPECT_EQ(seen().invocations.back().status, 400);
}

}  // namespace
}  // namespace millrace::serving
