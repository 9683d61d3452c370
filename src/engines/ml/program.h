// Training as a program: SageMaker's container contract ("How Amazon SageMaker Runs Your Training
// Image") below a root folder, /opt/ml on AWS. Reads
//   input/config/hyperparameters.json, inputdataconfig.json, resourceconfig.json
//   input/data/<channel>/**, or input/data/<channel>_<epoch>, a named pipe, in Pipe mode, unless
//   the channel's files are stored elsewhere (TrainContext::stored)
// and writes the artefact to model/, or the reason of a failure to output/failure, beginning with
// `ClientError: ` where the user can mend it and `AlgorithmError: ` otherwise.
//
// Blocks until the training ends; several may run at once on different roots.
#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "engines/ml/algorithm.h"
#include "engines/ml/job_log.h"
#include "runtime/clock.h"
#include "runtime/disk.h"

namespace millrace::ml {

struct TrainContext {
  runtime::Disk& disk;
  runtime::Clock& clock;
  runtime::Path root = "/opt/ml";
  LogSink out;
  std::stop_token stop = {};
  TableFiles* tables = nullptr;   // Reads Parquet; none: it is refused.
  StoredFiles* stored = nullptr;  // Channels that are not on the disk; none: all are.
};

// The failure is also in the error: invalid and unsupported are the user's to mend.
Result<void> train(const Algorithm& algorithm, const TrainContext& context);

// `ClientError: <message>` or `AlgorithmError: <message>`.
std::string failure_text(const Error& error);

// Exit status of a training program: 0, 2 for a ClientError, 1 for an AlgorithmError.
int exit_status(const Result<void>& result);

}  // namespace millrace::ml
