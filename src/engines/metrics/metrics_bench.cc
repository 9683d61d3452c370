// metrics_bench [FOLDER]: lines appended and read a second, samples recorded and put. One JSON line
// a figure.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <string_view>

#include "engines/metrics/log_pattern.h"
#include "engines/metrics/logs.h"
#include "engines/metrics/series.h"
#include "runtime/loop.h"
#include "store/test_folder.h"

namespace millrace::metrics {
namespace {

const Realm kRealm{"000000000000", "us-east-1"};

// Calls `work` so many times; each does `each` of what is counted.
template <class Work>
void measure(std::string_view name, size_t times, size_t each, Work work) {
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < times; ++i) work(i);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const auto counted = static_cast<double>(times * each);
  fmt::print("{{\"name\":\"{}\",\"per_second\":{:.0f},\"us_each\":{:.2f}}}\n", name,
             counted / taken.count(), 1e6 * taken.count() / counted);
}

struct World {
  runtime::Loop loop;
  std::unique_ptr<runtime::Clock> clock = runtime::make_system_clock();
  std::unique_ptr<runtime::Random> random = runtime::make_system_random();
  std::unique_ptr<store::Database> db;
};

std::vector<LogEvent> lines(World& world, size_t count) {
  std::vector<LogEvent> events;
  for (size_t i = 0; i < count; ++i) {
    events.push_back({world.clock->now() + microseconds(i),
                      fmt::format("[{}] #quality_metric: host=algo-1, train rmse={}", i, i * 0.1)});
  }
  return events;
}

void bench_logs(World& world) {
  Logs logs(*world.db, *world.clock, *world.random);
  const AppendOptions create{.create = true};
  measure("logs.append_1", 300, 1, [&](size_t) {
    ASSERT(run_task_for(world.loop, logs.append(kRealm, "g", "one", lines(world, 1), create)));
  });
  measure("logs.append_500", 200, 500, [&](size_t) {
    ASSERT(run_task_for(world.loop, logs.append(kRealm, "g", "many", lines(world, 500), create)));
  });
  ReadQuery read{.realm = kRealm,
                 .group = "g",
                 .stream = "many",
                 .start = {},
                 .end = {},
                 .from_head = true,
                 .position = {},
                 .limit = 1'000};
  measure("logs.read_1000", 100, 1'000, [&](size_t) {
    const auto page = logs.read(read);
    ASSERT(page && page->events.size() == 1'000);
    read.position = page->forward;
  });
  const auto pattern = LogPattern::parse("absent");
  const FilterQuery filter{.realm = kRealm,
                           .group = "g",
                           .streams = {},
                           .prefix = {},
                           .start = {},
                           .end = {},
                           .pattern = &*pattern,
                           .after = {}};
  measure("logs.filter_100300", 5, 100'300, [&](size_t) {
    const auto page = logs.filter(filter);
    ASSERT(page && page->events.empty() && page->next.empty());
  });
}

Datum latency(double value) {
  Datum out;
  out.space = "AWS/SageMaker";
  out.name = "ModelLatency";
  out.dimensions = {{"EndpointName", "shop"}, {"VariantName", "all"}};
  out.unit = "Microseconds";
  out.value = value;
  return out;
}

void bench_series(World& world) {
  Series series(*world.db, *world.clock, *world.random);
  measure("series.record", 200'000, 1, [&](size_t i) {
    series.record(kRealm, latency(static_cast<double>(i * 7'919 % 20'011) * 0.37));
  });
  measure("series.flush", 50, 1, [&](size_t i) {
    series.record(kRealm, latency(static_cast<double>(i)));
    ASSERT(run_task(world.loop, series.flush()));
  });
  measure("series.put_20", 200, 20, [&](size_t i) {
    std::vector<Datum> data(20, latency(static_cast<double>(i)));
    ASSERT(run_task(world.loop, series.put(kRealm, std::move(data))));
  });
}

}  // namespace
}  // namespace millrace::metrics

int main(int count, char** arguments) {
  using namespace millrace;
  const store::TestFolder scratch;
  const std::filesystem::path folder =
      count > 1 ? std::filesystem::path(arguments[1]) / "metrics_bench" : scratch.path() / "rows";
  metrics::World world;
  auto db = store::Database::open({.path = folder});
  if (!db) {
    fmt::print(stderr, "{}\n", db.error().message);
    return 1;
  }
  world.db = std::move(*db);
  metrics::bench_logs(world);
  metrics::bench_series(world);
  world.db.reset();
  std::filesystem::remove_all(folder);
  return 0;
}
