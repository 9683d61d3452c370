#include "app/job_events.h"

#include <fmt/format.h>

#include "app/workers.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::app {
namespace {

constexpr size_t kCauseMax = 900;

bool is_training(std::string_view id) { return id.starts_with(sagemaker::kTrainingIdPrefix); }
bool is_worker(std::string_view id) { return id.starts_with(kWorkerIdPrefix); }

std::string cause_of(const jobs::JobEnd& end, const std::string& last_line) {
  std::string cause = end.detail;
  if (cause.empty()) cause = fmt::format("exit code {}", end.exit_code);
  if (!last_line.empty()) cause += ": " + last_line;
  return cause.substr(0, kCauseMax);
}

}  // namespace

void JobEvents::connect(sagemaker::Sagemaker& sagemaker, serving::Fleets& fleets,
                        metrics::Logs& logs) {
  sagemaker_ = &sagemaker;
  fleets_ = &fleets;
  logs_ = &logs;
}

Task<void> JobEvents::lines(std::string id, std::vector<jobs::LogLine> lines) {
  if (is_training(id)) {
    co_return co_await sagemaker::take_training_lines(*sagemaker_, std::move(id), std::move(lines));
  }
  if (is_worker(id)) co_return co_await worker_lines(std::move(id), std::move(lines));
  co_return ok;
}

Task<void> JobEvents::worker_lines(std::string id, std::vector<jobs::LogLine> lines) {
  if (lines.empty()) co_return ok;
  last_lines_.with([&](auto& map) { map[id] = lines.back().text; });
  const std::optional<serving::Place> place = fleets_->place_of(id);
  if (!place) co_return ok;
  std::vector<metrics::LogEvent> events;
  for (jobs::LogLine& line : lines) {
    events.push_back({.time = line.time, .text = std::move(line.text), .cursor = line.cursor});
  }
  const Result<size_t> kept = co_await logs_->append(
      place->realm, fmt::format("/aws/sagemaker/Endpoints/{}", place->endpoint),
      fmt::format("{}/{}", place->variant, id), std::move(events), {.create = true});
  if (!kept) co_return fail(kept.error());
  co_return ok;
}

Task<void> JobEvents::ended(jobs::JobEnd end) {
  if (is_training(end.id)) co_return co_await sagemaker::take_training_end(*sagemaker_, end);
  if (is_worker(end.id)) {
    const std::string last = last_lines_.with([&](auto& map) {
      const auto it = map.find(end.id);
      std::string line = it == map.end() ? std::string() : std::move(it->second);
      if (it != map.end()) map.erase(it);
      return line;
    });
    fleets_->worker_ended(end.id, cause_of(end, last));
  }
  co_return ok;
}

}  // namespace millrace::app
