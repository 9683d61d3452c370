// The commands of the program. Each takes what main() parsed and answers the exit code:
// 0 done, 1 it failed (one line on standard error says why), 2 the command line is wrong.
#pragma once

#include <string>

#include "app/config.h"

namespace millrace::app {

// Serves until SIGINT or SIGTERM. Prints the address once it answers requests.
int serve(Config config, bool scratch);
// Prints the shell exports of the instance with that data directory.
int print_environment(const Config& config);
// Tells whether the instance with that data directory answers.
int print_status(const Config& config);

}  // namespace millrace::app
