#include "tests/call/worlds/killed_world.h"

#include <fmt/format.h>

#include "tests/call/worlds/platform_world.h"

namespace millrace::call_tests {

KilledWorld::KilledWorld(const Models& models, std::filesystem::path program,
                         std::filesystem::path data)
    : path_(std::move(program)), data_(std::move(data)), http_(models, root_account(), *clock_) {}

Result<void> KilledWorld::open() {
  const app::Account root = root_account();
  const app::Account other = other_account();
  TRY(program_,
      Program::start({.path = path_,
                      .arguments = {"serve", "--scratch", "--port", "0", "--threads", "1", "--log",
                                    "warning", "--data", data_.string()},
                      .environment = {"MILLRACE_ACCESS_KEY_ID=" + root.access_key_id,
                                      "MILLRACE_SECRET_ACCESS_KEY=" + root.secret_access_key,
                                      fmt::format("MILLRACE_ACCOUNTS={}:{}:{}", other.id,
                                                  other.access_key_id, other.secret_access_key)},
                      .log = data_.string() + ".log",
                      .ready = "Millrace is ready at "}));
  TRY(http_.connect(program_->announced()));
  // The program's clock is the machine's again, whatever it was before.
  return advanced_.count() == 0 ? Result<void>() : move_clock(advanced_);
}

Result<void> KilledWorld::disturb() {
  program_->kill();
  return open();
}

Result<Answer> KilledWorld::call(Request request) {
  return http_.call(std::move(request), std::nullopt);
}

Result<void> KilledWorld::move_clock(seconds by) {
  TRY(http_.local("POST", fmt::format("/_millrace/clock?advance={}", by.count())));
  return {};
}

Result<void> KilledWorld::advance(seconds by) {
  TRY(move_clock(by));
  clock_->advance(by);
  advanced_ += by;
  return {};
}

Result<std::vector<SeenEvent>> KilledWorld::events() { return http_.events(); }

void KilledWorld::pause(milliseconds duration) {
  static_cast<void>(runtime::run_task(http_.loop(), clock_->sleep_for(duration, {})));
}

}  // namespace millrace::call_tests
