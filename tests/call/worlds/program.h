// Program: a child process that says when it is ready.
//
// One thread. It dies with the runner. Errors: not_found (no such program), deadline (it is not
// ready in time), internal (it ended; the end of its log is in the message).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::call_tests {

class Program final {
 public:
  struct Options {
    std::filesystem::path path;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // Besides the runner's own.
    std::filesystem::path log;             // Standard error is added to it.
    std::string ready;                     // Begins the line that says so.
    milliseconds patience{60'000};
  };

  static Result<std::unique_ptr<Program>> start(Options options);
  ~Program();  // SIGTERM, and SIGKILL where that does not end it.
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // What followed `ready` on its line.
  const std::string& announced() const { return announced_; }
  // SIGKILL; ends when the process is gone.
  void kill();

 private:
  Program(pid_t process, int output) : process_(process), output_(output) {}
  Result<void> await_ready(const Options& options);

  pid_t process_;
  int output_;
  std::string announced_;
};

}  // namespace millrace::call_tests
