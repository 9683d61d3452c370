// KilledWorld: the program itself, over HTTP, killed with SIGKILL and started again on the same
// data directory between every two steps.
#pragma once

#include <filesystem>
#include <memory>

#include "runtime/clock.h"
#include "tests/call/worlds/http_calls.h"
#include "tests/call/worlds/program.h"

namespace millrace::call_tests {

class KilledWorld final : public World {
 public:
  // `program` is millrace; `data` is empty, or not there yet.
  KilledWorld(const Models& models, std::filesystem::path program, std::filesystem::path data);

  Result<void> open() override;
  Result<void> disturb() override;
  Result<Answer> call(Request request) override;
  Result<void> advance(seconds by) override;
  Result<std::vector<SeenEvent>> events() override;
  void pause(milliseconds duration) override;

 private:
  Result<void> move_clock(seconds by);

  std::filesystem::path path_;
  std::filesystem::path data_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_system_clock();
  seconds advanced_{0};
  HttpCalls http_;
  std::unique_ptr<Program> program_;
};

}  // namespace millrace::call_tests
