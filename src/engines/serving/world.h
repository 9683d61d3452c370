// World: what serving needs from others. It declares the interfaces; the application passes
// implementations, so that serving knows neither the job runner, nor HTTP, nor where models lie.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "runtime/disk.h"
#include "runtime/task.h"

namespace millrace::serving {

using Environment = std::vector<std::pair<std::string, std::string>>;

// A process that serves one copy of one model.
struct Worker {
  std::string id;        // Stable; starting the same id again finds the worker that runs.
  std::string image;     // Which program.
  runtime::Path model;   // A directory that it sees read-only.
  runtime::Path folder;  // Its own; the socket that it listens on is `<folder>/serve.sock`.
  Environment environment;
};

// Starts and stops workers. What happens to them later is told to Fleets::worker_ended().
class WorkerHost {
 public:
  virtual ~WorkerHost() = default;
  // Errors: invalid (no such image), exhausted, internal.
  virtual Task<void> start(Worker worker) = 0;
  // Ok where there is none. Answers when it has been told, and forgets it once it has ended.
  virtual Task<void> stop(std::string id) = 0;
};

struct Request {
  std::string target = "/invocations";  // or "/ping"
  std::vector<std::pair<std::string, std::string>> headers;
  Bytes body;
  milliseconds timeout{60'000};  // AWS: a model has 60 s.
};

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  Bytes body;

  const std::string* header(std::string_view lower_case_name) const;
};

// Speaks HTTP to a worker. "/ping" is asked with GET, all else with POST.
class WorkerExchange {
 public:
  virtual ~WorkerExchange() = default;
  // Errors: not_found (nobody listens), internal (the connection broke), deadline.
  virtual Task<Answer> send(runtime::Path socket, Request request) = 0;
};

// Brings a model's archive, unpacked, into `folder`, which does not exist yet.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  // `reader` is who reads it, as the variant says. Errors: not_found (object), denied (the reader
  // may not), invalid (a damaged archive, or one that climbs out), exhausted.
  // A message is fit for the user: it names the archive and the cause.
  virtual Task<void> fetch(Realm realm, std::string url, std::string reader,
                           runtime::Path folder) = 0;
};

// What one invocation took; told after every one.
struct Invocation {
  std::string endpoint;
  std::string variant;
  int status = 0;  // Of the model's answer; 0 where it did not answer.
  microseconds model_latency{};
  microseconds overhead_latency{};
};

class InvocationMeter {
 public:
  virtual ~InvocationMeter() = default;
  virtual void record(const Realm& realm, const Invocation& invocation) = 0;
};

}  // namespace millrace::serving
