// The built-in algorithms as programs: `millrace algorithm train|serve <image>`, run in a job's
// sandbox under SageMaker's container contract, below $MILLRACE_JOB_ROOT/opt/ml.
#pragma once

#include <string>

namespace millrace::app {

// Trains; lines go to standard output. Answers the exit code.
int train_algorithm(const std::string& image);
// Loads the model and answers GET /ping and POST /invocations on <root>/opt/ml/run/serve.sock
// until SIGTERM. Answers the exit code.
int serve_algorithm(const std::string& image);

}  // namespace millrace::app
