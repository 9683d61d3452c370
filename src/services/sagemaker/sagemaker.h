// SageMaker: training jobs, models, endpoint configurations, endpoints and their tags.
// Source: Amazon SageMaker API Reference, version 2017-07-24.
#pragma once

#include <string>
#include <string_view>

#include "api/sagemaker.h"
#include "engines/jobs/runner.h"
#include "engines/metrics/logs.h"
#include "engines/metrics/series.h"
#include "engines/objects/objects.h"
#include "engines/serving/fleets.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/pool.h"
#include "runtime/random.h"
#include "runtime/repeat.h"
#include "services/sagemaker/role_access.h"
#include "services/sagemaker/tables.h"
#include "wire/pipeline/call.h"

namespace millrace::sagemaker {

struct Sagemaker {
  store::Database& db;
  runtime::Clock& clock;
  runtime::Disk& disk;
  runtime::Pool& pool;
  objects::Objects& objects;
  metrics::Logs& logs;
  metrics::Series& series;
  jobs::JobRunner& jobs;
  serving::Fleets& fleets;
  runtime::Path folder;  // Of the directories of training jobs; gone with their jobs.
  RoleAccess& roles;
  runtime::Random& random;
  runtime::Path data_folder;  // Of the socket at which programs ask for data: kDataSocket.
};

// Where programs find that folder.
inline constexpr std::string_view kDataInside = "/run/millrace";
inline constexpr std::string_view kDataSocket = "data.sock";

// Work on files as a step of its own (runtime/repeat.h).
template <class T>
Task<T> repeat_on_pool(Sagemaker& sm, std::function<Result<T>()> work) {
  const auto step = [&] { return sm.pool.run(work); };
  co_return co_await runtime::repeat<T>(sm.clock, step);
}

// arn:aws:sagemaker:<region>:<account>:<kind>/<name>. AWS lower-cases the name.
std::string arn_of(const Realm& realm, std::string_view kind, std::string_view name);

// AWS: what is not there is a ValidationException, `Could not find model "arn:…".`
Error could_not_find(std::string_view noun, std::string_view arn);
// AWS: `Cannot create already existing model "arn:…".`
Error already_existing(std::string_view noun, std::string_view arn);

inline constexpr size_t kReasonMax = 1024;  // AWS: of FailureReason.

// Whether trying again cannot help: what the user has asked for is at fault, and not this machine
// (a disk, a limit of ours, a stop) or another's commit.
constexpr bool is_final(ErrorKind kind) {
  return !runtime::is_passing(kind) && kind != ErrorKind::deadline && kind != ErrorKind::conflict;
}

// DIVERGES: AWS pulls any image; Millrace has its own algorithms under AWS's image names.
Error unknown_image(std::string_view image);

}  // namespace millrace::sagemaker
