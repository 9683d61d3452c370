#include "app/wiring.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "app/channel_server.h"
#include "app/credentials.h"
#include "app/event_record.h"
#include "app/job_events.h"
#include "app/keys.h"
#include "app/local_api.h"
#include "app/private_folder.h"
#include "app/role_access.h"
#include "app/workers.h"
#include "base/hash.h"
#include "engines/keys/keyring.h"
#include "engines/policy/identities.h"
#include "engines/policy/permissions.h"
#include "engines/sql/sql.h"
#include "runtime/log.h"
#include "runtime/loop_thread.h"
#include "runtime/nursery.h"
#include "runtime/pool.h"
#include "services/cloudwatch/cloudwatch.h"
#include "services/iam/iam.h"
#include "services/kms/kms.h"
#include "services/kms/policies/access.h"
#include "services/logs/logs.h"
#include "services/s3/browser/front.h"
#include "services/s3/encryption/data_keys.h"
#include "services/s3/inventory/inventory_run.h"
#include "services/s3/lifecycle/lifecycle_run.h"
#include "services/s3/logging/access_logs.h"
#include "services/s3/replication/replication_run.h"
#include "services/s3/restore/restore_run.h"
#include "services/s3/s3.h"
#include "services/sagemaker/reactions.h"
#include "services/sagemaker_runtime/sagemaker_runtime.h"
#include "services/sts/sts.h"
#include "store/blobs.h"
#include "store/bus.h"
#include "store/database.h"
#include "store/timers.h"
#include "wire/http/server.h"
#include "wire/pipeline/pipeline.h"

namespace millrace::app {
namespace {

constexpr unsigned kLoopsMax = 8;
constexpr unsigned kDiskThreads = 4;
constexpr unsigned kSqlThreads = 4;  // Each waits for a query, which has threads of its own.
constexpr milliseconds kStopPatience{10'000};
constexpr std::chrono::hours kOrphanGrace{24};
constexpr std::chrono::hours kSweepInterval{6};

unsigned loops_of(const Config& config) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return config.loops != 0 ? config.loops : std::min(cores, kLoopsMax);
}

http::ServerOptions server_options(const Config& config) {
  http::ServerOptions options;
  options.address = config.address;
  options.port = config.port;
  options.loops = loops_of(config);
  return options;
}

// What everything else stands on, made first.
struct Foundation {
  // Threads. A loop outlives the pools that post to it.
  runtime::LoopThread background{"background"};
  runtime::Pool disk_pool{"disk", kDiskThreads};
  runtime::Pool digests{"digests", std::max(1U, std::thread::hardware_concurrency()) + 1};
  std::unique_ptr<store::Database> db;
  std::unique_ptr<store::Blobs> blobs;
  std::optional<keys::RootKey> root_key;
};

jobs::RunnerOptions runner_options(const Config& config) {
  jobs::RunnerOptions options;
  options.directory = config.data / "jobs";
  options.launcher = {config.program, "launch-job"};
  return options;
}

// The sockets of workers: below the data directory, or in a short folder of their own where the
// kernel's limit on the paths of sockets (107 bytes) would be exceeded.
runtime::Path run_folder(const Config& config) {
  constexpr size_t kPathMax = 70;
  const runtime::Path inside = config.data / "run";
  if (inside.string().size() <= kPathMax) return inside;
  return fmt::format("/tmp/millrace-{}-{}", ::geteuid(),
                     to_hex(sha256(config.data.string())).substr(0, 16));
}

// The socket at which programs of jobs ask for their data. Jobs see its folder, so that they find
// the one that a later start makes there.
http::ServerOptions channel_options(const Config& config) {
  http::ServerOptions options;
  options.address.clear();
  options.unix_path = run_folder(config) / "data" / sagemaker::kDataSocket;
  return options;
}

// Rows hold the secrets of access keys.
Result<void> keep_private(const runtime::Path& folder) {
  std::error_code code;
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
  if (!code) return {};
  return fail(ErrorKind::denied, fmt::format("{}: {}", folder.string(), code.message()));
}

wire::Bound with_policies(wire::Bound bound, wire::Authorize authorize) {
  bound.authorize = authorize;
  return bound;
}

// Removes the bytes of uploads that died between their seal and their commit.
Task<void> sweep_blobs(store::Blobs& blobs, objects::Objects& objects, runtime::Clock& clock,
                       std::stop_token stop) {
  const auto is_referenced = [&objects](const store::BlobId& id) { return objects.refers_to(id); };
  for (;;) {
    const Result<uint64_t> swept = co_await blobs.sweep(kOrphanGrace, is_referenced);
    if (!swept) {
      runtime::log(runtime::LogLevel::warning, "blobs.sweep_failed",
                   {{"cause", swept.error().message}});
    }
    CO_TRY(co_await clock.sleep_for(kSweepInterval, stop));
  }
}

}  // namespace

// Members stand in the order in which they are made; they are destroyed in reverse.
struct Platform::Parts {
  Parts(Config c, Outside o, std::unique_ptr<Foundation> made)
      : config(std::move(c)), outside(o), foundation(std::move(made)) {}
  ~Parts() { client.reset(); }  // Its connections belong to the server's loops.

  Config config;
  Outside outside;
  std::vector<Account> accounts;
  Account root;
  std::unique_ptr<Foundation> foundation;
  runtime::Loop& loop{foundation->background.loop()};
  runtime::Pool& pool{foundation->disk_pool};
  store::Database& db{*foundation->db};
  runtime::Nursery nursery{loop};
  store::Bus bus{db, outside.clock};
  store::Timers timers{db, outside.clock};

  // Engines.
  policy::Identities identities{db, outside.clock, outside.random};
  keys::Keyring keyring{db, outside.clock, outside.random, std::move(*foundation->root_key)};
  policy::Permissions permissions{db, identities};
  s3::DataKeys data_keys{db, keyring};
  objects::Objects objects{{db, *foundation->blobs, pool, outside.clock, outside.random, &data_keys,
                            config.plain_objects ? objects::Guard::none : objects::Guard::platform},
                           {},
                           &s3::announce};
  metrics::Logs logs{db, outside.clock, outside.random};
  metrics::Series series{db, outside.clock, outside.random};
  runtime::Pool sql_pool{"sql", kSqlThreads};
  sql::Sql sql{{sql_pool, outside.clock, nursery, sql::libraries_beside(config.program)}};
  JobEvents job_events;
  jobs::JobRunner jobs{runner_options(config),
                       {loop, pool, outside.disk, outside.clock, job_events}};
  std::unique_ptr<http::Client> client{std::make_unique<http::Client>()};
  WorkerJobs worker_jobs{jobs, outside.disk, pool};
  WorkerHttp worker_http{*client};

  // Services.
  cloudwatch::Cloudwatch cloudwatch_service{series, outside.clock};
  iam::Iam iam_service{db, identities, outside.clock};
  kms::Kms kms_service{db, keyring, outside.clock, permissions};
  logs::Logs logs_service{logs, outside.clock};
  Keys keys{identities, outside.clock};
  s3::AccessLogs access_logs{{objects, db, outside.clock, outside.random}};
  s3::S3 s3_service{objects, pool, permissions, outside.clock, keys, sql, keyring, db, access_logs};
  s3::LifecycleRounds lifecycle{objects, db, outside.clock, &access_logs};
  s3::RestoreTimers restores{objects};
  s3::Replication replication{s3_service};
  s3::InventoryRounds inventories{s3_service};
  sts::Sts sts_service{db, identities, outside.clock};
  S3RoleAccess role_access{s3_service};
  ModelArchives models{objects, outside.disk, pool, outside.clock, role_access};
  InvocationMetrics invocations{series, outside.clock};
  serving::Fleets fleets{{db, outside.clock, outside.random, outside.disk, pool, nursery,
                          worker_jobs, worker_http, models, invocations, config.data / "models",
                          run_folder(config)}};
  sagemaker::Sagemaker sagemaker_service{db,
                                         outside.clock,
                                         outside.disk,
                                         pool,
                                         objects,
                                         logs,
                                         series,
                                         jobs,
                                         fleets,
                                         config.data / "training",
                                         role_access,
                                         outside.random,
                                         run_folder(config) / "data"};
  sagemaker_runtime::SagemakerRuntime sagemaker_runtime_service{fleets};

  // The wire.
  wire::Directory directory{{
      cloudwatch::bind(cloudwatch_service),
      iam::bind(iam_service),
      with_policies(kms::bind(kms_service), &kms::authorize),
      logs::bind(logs_service),
      with_policies(s3::bind(s3_service), &s3::authorize),
      sts::bind(sts_service),
      sagemaker::bind(sagemaker_service),
      sagemaker_runtime::bind(sagemaker_runtime_service),
  }};
  wire::Dispatcher dispatcher;
  wire::Caller caller{directory, dispatcher, ""};
  EventRecord events{db};
  LocalApi local{outside.clock, service_names(), events, outside.scratch};
  wire::Pipeline pipeline{
      wire::PipelineOptions{.region = config.region},
      {directory, dispatcher, keys, outside.clock, outside.random, foundation->digests, local}};
  s3::Front front{{s3_service, pipeline, directory, outside.random}};
  ChannelServer channel_server{sagemaker_service};
  http::Server channels{channel_options(config), channel_server, outside.clock};
  http::Server server{server_options(config), front, outside.clock};
  bool running = false;

  std::vector<std::string> service_names() const {
    std::vector<std::string> names;
    for (const auto& entry : directory.entries()) names.emplace_back(entry.bound.model->name);
    return names;
  }

  // Whose events are whose.
  void subscribe() {
    job_events.connect(sagemaker_service, fleets, logs);
    sagemaker::subscribe(bus, sagemaker_service);
    keyring.subscribe(timers);
    lifecycle.subscribe(timers);
    restores.subscribe(timers);
    replication.subscribe(bus);
    access_logs.subscribe(timers);
    inventories.subscribe(timers);
  }

  Task<void> open() {
    for (const Account& account : accounts) {
      CO_TRY(co_await identities.declare_root(account.id, account.access_key_id,
                                              account.secret_access_key));
    }
    CO_TRY(co_await lifecycle.begin());
    CO_TRY(co_await access_logs.begin());
    CO_TRY(co_await inventories.begin());
    CO_TRY(co_await jobs.open());
    co_return co_await fleets.open();
  }

  Task<void> close() {
    CO_TRY(co_await nursery.close());
    CO_TRY(co_await fleets.stop_workers());
    CO_TRY(co_await jobs.close());
    CO_TRY(co_await access_logs.deliver());
    co_return co_await series.close();
  }
};

Platform::Platform(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Platform::~Platform() { stop(); }

Result<std::unique_ptr<Platform>> Platform::open(Config config, Outside outside) {
  TRY(outside.disk.make_directories(config.data));
  TRY(keep_private(config.data));
  TRY(make_private_folder(run_folder(config)));
  TRY(outside.disk.make_directories(run_folder(config) / "data"));
  TRY(std::vector<Account> accounts, load_accounts(outside.disk, outside.random, config));
  auto foundation = std::make_unique<Foundation>();
  TRY(foundation->db,
      store::Database::open(
          {.path = config.data / "rows", .clock = &outside.clock, .faults = outside.faults}));
  TRY(foundation->blobs, store::Blobs::start({.disk = outside.disk,
                                              .pool = foundation->disk_pool,
                                              .clock = outside.clock,
                                              .random = outside.random,
                                              .data = config.data}));
  TRY(keys::RootKey root_key,
      keys::load_root_key(outside.disk, outside.random, *foundation->db, config.data));
  foundation->root_key.emplace(std::move(root_key));
  auto parts = std::make_unique<Parts>(std::move(config), outside, std::move(foundation));
  parts->accounts = std::move(accounts);
  parts->root = *std::ranges::find(parts->accounts, kDefaultAccount, &Account::id);
  parts->subscribe();
  return std::unique_ptr<Platform>(new Platform(std::move(parts)));
}

Result<void> Platform::start() {
  parts_->running = true;
  TRY(runtime::run_task(parts_->loop, parts_->open(), true));
  parts_->logs.start(parts_->nursery);
  parts_->series.start(parts_->nursery);
  if (parts_->outside.scratch) parts_->events.subscribe(parts_->bus);
  parts_->nursery.spawn(sweep_blobs(*parts_->foundation->blobs, parts_->objects,
                                    parts_->outside.clock, parts_->nursery.stop_token()));
  TRY(parts_->bus.start(parts_->nursery));
  parts_->timers.start(parts_->nursery);
  TRY(parts_->channels.start());
  return parts_->server.start();
}

void Platform::stop() {
  if (!parts_ || !parts_->running) return;
  parts_->running = false;
  parts_->server.stop(kStopPatience);
  parts_->channels.stop(kStopPatience);
  const Result<void> closed = runtime::run_task(parts_->loop, parts_->close(), true);
  if (!closed) {
    runtime::log(runtime::LogLevel::error, "stop.failed", {{"cause", closed.error().message}});
  }
}

std::string Platform::url() const {
  return fmt::format("http://{}:{}", parts_->config.address, parts_->server.port());
}

const Account& Platform::root() const { return parts_->root; }
const wire::Caller& Platform::caller() const { return parts_->caller; }
const wire::Directory& Platform::directory() const { return parts_->directory; }

Result<void> Platform::drain_events() {
  return runtime::run_task(parts_->loop, parts_->bus.drain(), true);
}

}  // namespace millrace::app
