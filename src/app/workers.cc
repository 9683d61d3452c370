#include "app/workers.h"

#include "engines/ml/archive.h"
#include "services/sagemaker/storage.h"

namespace millrace::app {
namespace {

constexpr milliseconds kStopGrace{30'000};  // AWS: a container has 30 s to end.

jobs::JobSpec spec_of(const serving::Worker& worker) {
  jobs::JobSpec spec;
  spec.id = worker.id;
  spec.program = {"/proc/self/exe", "algorithm", "serve", worker.image};
  spec.environment = worker.environment;
  if (!worker.model.empty()) spec.mounts.push_back({worker.model.string(), "/opt/ml/model", true});
  spec.mounts.push_back({worker.folder.string(), "/opt/ml/run", false});
  spec.limits.memory_bytes = jobs::usual_memory_bytes();
  spec.stop_grace = kStopGrace;
  spec.skip_queue = true;
  return spec;
}

}  // namespace

Task<void> WorkerJobs::start(serving::Worker worker) {
  auto make = [&]() -> Result<void> {
    if (!worker.model.empty()) TRY(disk_.list(worker.model));
    return disk_.make_directories(worker.folder);
  };
  CO_TRY(co_await pool_.run(make));
  co_return co_await jobs_.start(spec_of(worker));
}

Task<void> WorkerJobs::stop(std::string id) {
  const Result<void> told = co_await jobs_.stop(id);
  if (!told && told.error().kind == ErrorKind::not_found) co_return ok;
  if (!told) co_return fail(told.error());
  CO_TRY(co_await jobs_.wait(id));
  co_return co_await jobs_.remove(std::move(id));
}

Task<serving::Answer> WorkerHttp::send(runtime::Path socket, serving::Request request) {
  http::Endpoint to{.address = {}, .port = 0, .unix_path = socket.string()};
  http::ClientRequest out{.method = request.target == "/ping" ? "GET" : "POST",
                          .target = std::move(request.target),
                          .headers = {},
                          .body = std::move(request.body),
                          .timeout = request.timeout};
  for (auto& [name, value] : request.headers) out.headers.add(std::move(name), std::move(value));
  CO_TRY(http::ClientResponse answer, co_await client_.send(std::move(to), std::move(out)));
  serving::Answer in{.status = answer.status, .headers = {}, .body = std::move(answer.body)};
  for (const http::Header& header : answer.headers) {
    in.headers.emplace_back(header.name, header.value);
  }
  co_return in;
}

Task<void> ModelArchives::fetch(Realm realm, std::string url, std::string reader,
                                runtime::Path folder) {
  const auto uri = sagemaker::parse_s3_uri(url);
  if (!uri) co_return fail(ErrorKind::invalid, "The model's URL is no s3:// URI: " + url);
  const runtime::Path archive = folder.string() + ".tar.gz";
  const sagemaker::Storage storage{objects_, disk_,  pool_,
                                   clock_,   roles_, {realm.account, std::move(reader)}};
  auto clear = [&]() -> Result<void> {
    TRY(disk_.remove_tree(archive));
    return disk_.make_directories(folder);
  };
  CO_TRY(co_await pool_.run(clear));
  Result<void> got = co_await sagemaker::download_object(storage, *uri, archive);
  if (!got) {
    auto drop = [&] { return disk_.remove_tree(archive); };
    CO_TRY(co_await pool_.run(drop));
    got.error().message = "Could not find model data at " + url + ": " + got.error().message;
    co_return got;
  }
  auto unpack = [&]() -> Result<void> {
    Result<void> done = ml::extract_tar_gz(disk_, archive, folder);
    TRY(disk_.remove_tree(archive));
    return done;
  };
  Result<void> unpacked = co_await pool_.run(unpack);
  if (!unpacked) {
    unpacked.error().message =
        "The model data at " + url + " cannot be unpacked: " + unpacked.error().message;
  }
  co_return unpacked;
}

void InvocationMetrics::record(const Realm& realm, const serving::Invocation& invocation) {
  const auto add = [&](std::string_view name, double value, std::string_view unit) {
    series_.record(realm, {.space = "AWS/SageMaker",
                           .name = std::string(name),
                           .dimensions = {{"EndpointName", invocation.endpoint},
                                          {"VariantName", invocation.variant}},
                           .unit = std::string(unit),
                           .time = clock_.now(),
                           .value = value});
  };
  const int status = invocation.status;
  add("Invocations", 1, "None");
  add("Invocation4XXErrors", status >= 400 && status < 500 ? 1 : 0, "None");
  add("Invocation5XXErrors", status >= 500 || status == 0 ? 1 : 0, "None");
  add("ModelLatency", static_cast<double>(invocation.model_latency.count()), "Microseconds");
  add("OverheadLatency", static_cast<double>(invocation.overhead_latency.count()), "Microseconds");
}

}  // namespace millrace::app
