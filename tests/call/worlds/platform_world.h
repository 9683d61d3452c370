// PlatformWorld: the platform in this process: through Caller, over HTTP in a protocol, or with
// faults.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "app/wiring.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/random.h"
#include "store/faults.h"
#include "tests/call/script.h"
#include "tests/call/worlds/http_calls.h"

namespace millrace::call_tests {

// One in so many file operations fails.
inline constexpr uint64_t kFaultEvery = 12;

struct PlatformOptions {
  WorldKind kind = WorldKind::process;     // process, http or faults
  std::optional<wire::Protocol> protocol;  // http: the one to prefer
  std::filesystem::path data;              // Empty, or not there yet.
  std::filesystem::path program;           // millrace, for the processes of jobs
  uint64_t seed = 1;                       // faults: which operations fail
};

// The key of the default account, in every world.
app::Account root_account();
// That of the further account (callers.h).
app::Account other_account();

class PlatformWorld final : public World {
 public:
  PlatformWorld(const Models& models, PlatformOptions options);
  ~PlatformWorld() override;

  Result<void> open() override;
  Result<Answer> call(Request request) override;
  Result<void> advance(seconds by) override;
  Result<std::vector<SeenEvent>> events() override;
  void pause(milliseconds duration) override;
  bool injects_failures() const override { return options_.kind == WorldKind::faults; }
  uint64_t faults() const { return faults_injected_->load(); }

 private:
  Result<Answer> call_inside(Request request);
  void inject_faults();

  const Models& models_;
  PlatformOptions options_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_system_clock();
  std::unique_ptr<runtime::Random> random_;
  std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
  std::shared_ptr<store::FaultPlan> plan_;
  std::unique_ptr<runtime::Disk> faulty_disk_;
  std::shared_ptr<std::atomic<uint64_t>> faults_injected_ =
      std::make_shared<std::atomic<uint64_t>>(0);
  std::unique_ptr<app::Platform> platform_;
  HttpCalls http_;
};

}  // namespace millrace::call_tests
