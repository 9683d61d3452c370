#include "tests/call/worlds/platform_world.h"

#include <atomic>

#include "tests/call/callers.h"
#include "wire/protocols/codec.h"

namespace millrace::call_tests {
namespace {

using store::Fault;
using store::FileOperation;

uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ x >> 27) * 0x94D049BB133111EBULL;
  return x ^ x >> 31;
}

// Of this many operations in a row the last kCalm succeed: who tries again as often as the bus does
// meets a disk that works for as long as a recovery and a commit take.
constexpr uint64_t kSpell = 64;
constexpr uint64_t kCalm = 24;

// The n-th operation's fate. One of the first few always fails, so that short scripts meet a fault.
Fault fate_of(uint64_t seed, uint64_t n, FileOperation operation) {
  const bool early = n == 1 + seed % 3;
  if (n % kSpell >= kSpell - kCalm) return Fault::none;
  const uint64_t dice = mixed(seed + n * 0x9E3779B97F4A7C15ULL);
  if (!early && dice % kFaultEvery != 0) return Fault::none;
  switch (dice / kFaultEvery % 3) {
    case 0:
      return Fault::no_space;
    case 1:
      return operation == FileOperation::append ? Fault::short_write : Fault::io_error;
    default:
      return Fault::io_error;
  }
}

wire::Principal principal_of(const app::Account& root) {
  return {.account = root.id,
          .arn = "arn:aws:iam::" + root.id + ":root",
          .user_id = root.id,
          .access_key_id = root.access_key_id,
          .root = true};
}

wire::Principal principal_of(const Who& who) {
  return {.account = who.account,
          .arn = who.arn,
          .user_id = who.user_id,
          .access_key_id = who.access_key_id,
          .root = who.root};
}

}  // namespace

app::Account root_account() {
  return {.id = std::string(app::kDefaultAccount),
          .access_key_id = "AKIAMILLRACECALLTEST",
          .secret_access_key = "of-the-tests-and-of-nothing-else-0000000"};
}

app::Account other_account() {
  const Who root = other_root();
  return {
      .id = root.account, .access_key_id = root.access_key_id, .secret_access_key = root.secret};
}

PlatformWorld::PlatformWorld(const Models& models, PlatformOptions options)
    : models_(models),
      options_(std::move(options)),
      random_(runtime::make_seeded_random(options_.seed)),
      http_(models_, root_account(), *clock_) {
  if (options_.kind != WorldKind::faults) return;
  plan_ = std::make_shared<store::FaultPlan>();
  faulty_disk_ = store::make_faulty_disk(*disk_, *plan_);
}

PlatformWorld::~PlatformWorld() {
  if (plan_) plan_->clear();
  // Before `http_`: its connections to workers belong to the loop on which calls were made.
  platform_.reset();
}

Result<void> PlatformWorld::open() {
  app::Config config;
  config.data = options_.data;
  config.port = 0;
  config.loops = 1;
  config.program = options_.program.string();
  config.accounts = {root_account(), other_account()};
  TRY(platform_,
      app::Platform::open(std::move(config), {.clock = *clock_,
                                              .random = *random_,
                                              .disk = faulty_disk_ ? *faulty_disk_ : *disk_,
                                              .faults = plan_,
                                              .scratch = true}));
  TRY(platform_->start());
  TRY(http_.connect(platform_->url()));
  if (plan_) inject_faults();
  return {};
}

// Only of what makes data durable: a file that cannot be made is the same to a caller.
void PlatformWorld::inject_faults() {
  auto count = std::make_shared<std::atomic<uint64_t>>(0);
  auto injected = faults_injected_;
  plan_->set([seed = options_.seed, count, injected](FileOperation operation, std::string_view) {
    if (operation != FileOperation::append && operation != FileOperation::sync) return Fault::none;
    const Fault fault = fate_of(seed, ++*count, operation);
    if (fault != Fault::none) ++*injected;
    return fault;
  });
}

Result<Answer> PlatformWorld::call(Request request) {
  if (options_.kind == WorldKind::http) return http_.call(std::move(request), options_.protocol);
  return call_inside(std::move(request));
}

Result<Answer> PlatformWorld::call_inside(Request request) {
  Arena arena;
  TRY(const TypedCall call, typed_call(models_, request, arena));
  const Who& who = request.who;
  const bool first_root = who.access_key_id.empty() && !who.anonymous;
  wire::Principal principal = first_root ? principal_of(platform_->root()) : principal_of(who);
  const std::string account = principal.account;
  wire::CallRequest inside{.service = request.service,
                           .operation = request.operation,
                           .realm = {account, call.service->global ? "aws-global" : "us-east-1"},
                           .principal = std::move(principal),
                           .input_json = request.input};
  auto output = runtime::run_task_for(http_.loop(), platform_->caller().call(std::move(inside)));
  if (output) return Answer{.output = std::move(*output)};
  return failure_of(call, call.service->protocols.front(), output.error());
}

Result<void> PlatformWorld::advance(seconds by) {
  clock_->advance(by);
  return {};
}

Result<std::vector<SeenEvent>> PlatformWorld::events() { return http_.events(); }

void PlatformWorld::pause(milliseconds duration) {
  static_cast<void>(runtime::run_task(http_.loop(), clock_->sleep_for(duration, {})));
}

}  // namespace millrace::call_tests
