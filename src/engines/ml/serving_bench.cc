// engines_ml_serving_bench [top-n]: what an endpoint's worker spends beyond HTTP, each figure
// beside its limit where there is one. CPU time of one thread; medians of many rounds.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "engines/ml/algorithms.h"
#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/algorithms/factorization_machines/top_n_index.h"
#include "engines/ml/generator.h"
#include "engines/ml/request_body.h"
#include "engines/ml/serving.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

using factorization_machines::Model;
using factorization_machines::PredictorType;
using factorization_machines::TopNIndex;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double wall_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Of `rounds` rounds of `calls` calls: the median and the 99th percentile, microseconds a call.
template <class Call>
std::pair<double, double> measure(size_t rounds, size_t calls, const Call& call) {
  std::vector<double> spent;
  for (size_t round = 0; round < rounds; ++round) {
    const double begin = cpu_seconds();
    for (size_t n = 0; n < calls; ++n) call();
    spent.push_back((cpu_seconds() - begin) / static_cast<double>(calls) * 1e6);
  }
  std::sort(spent.begin(), spent.end());
  return {spent[rounds / 2], spent[rounds * 99 / 100]};
}

Model make_model(uint64_t features, uint32_t factors) {
  Model model(PredictorType::binary_classifier, features, factors);
  Generator generator(1);
  for (uint64_t feature = 0; feature < features; ++feature) {
    for (uint32_t f = 0; f < factors; ++f) {
      model.row(feature)[f] = static_cast<float>(generator.uniform() - 0.5);
    }
  }
  return model;
}

void bench_requests(runtime::Disk& disk) {
  constexpr uint64_t kFeatures = 100'000;
  const test::Folder folder;
  folder.write("model/model_algo-1",
               *factorization_machines::encode_artefact(make_model(kFeatures, 64), {}));
  const auto scorer = Scorer::load(disk, *find_algorithm("factorization-machines"), folder.path());
  ASSERT(scorer.has_value());
  const std::string one =
      R"({"data": {"features": {"keys": [17, 42017, 90001], "shape": [100000], )"
      R"("values": [1, 1, 0.5]}}})";
  const std::string single = R"({"instances": [)" + one + "]}";
  std::string batch = R"({"instances": [)";
  constexpr size_t kBatch = 1000;
  for (size_t n = 0; n < kBatch; ++n) batch += (n == 0 ? "" : ", ") + one;
  batch += "]}";
  const auto invoke = [&](const std::string& body) {
    const auto answer = (*scorer)->invoke("application/json", "application/json", body);
    ASSERT(answer.has_value());
  };
  RowBatch rows;
  const auto parse = [&](auto parser) {
    rows.clear();
    ASSERT(parser(single, kFeatures, rows).has_value());
  };
  const auto print = [](std::string_view what, std::pair<double, double> figures, double per,
                        std::string_view limit) {
    fmt::print("{:<58} p50 {:8.3f}  p99 {:8.3f} us{}\n", what, figures.first / per,
               figures.second / per, limit);
  };
  print("JSON request of one sparse instance, parsed and answered",
        measure(1000, 100, [&] { invoke(single); }), 1, "   (limit 5)");
  print("  of that, parsing", measure(2000, 200, [&] { parse(parse_json_request); }), 1, "");
  print("  parsing as a document, for comparison",
        measure(2000, 100, [&] { parse(parse_json_document); }), 1, "");
  print("an instance of a JSON request of 1000", measure(300, 1, [&] { invoke(batch); }),
        static_cast<double>(kBatch), "");
}

void bench_top_n(size_t items, size_t factors) {
  Generator generator(2);
  std::vector<float> vectors(items * factors);
  for (float& value : vectors) value = static_cast<float>(generator.normal());
  const auto index = TopNIndex::make(vectors, items, factors);
  ASSERT(index.has_value());
  std::vector<float> biases(index->padded_items());
  for (float& bias : biases) bias = static_cast<float>(generator.normal());
  std::vector<std::vector<float>> users(64, std::vector<float>(factors));
  for (auto& user : users) {
    for (float& value : user) value = static_cast<float>(generator.normal());
  }
  size_t next = 0;
  const auto scan = measure(300, 2, [&] {
    const auto& user = users[next++ % users.size()];
    ASSERT(index->find({.user = user, .biases = biases, .allowed = {}, .n = 10}).has_value());
  });
  // Reading what the first pass reads, and doing nothing with it: the bound of this machine's
  // memory.
  const std::vector<uint64_t> bytes((index->bytes_scanned() + biases.size() * 4) / 8, 1);
  uint64_t sum = 0;
  const auto reading =
      measure(400, 4, [&] { sum += std::accumulate(bytes.begin(), bytes.end(), uint64_t{0}); });
  const std::vector<float> padded = index->padded(users[0]);
  float best = 0;
  const auto plain = measure(20, 1, [&] {
    for (size_t item = 0; item < items; ++item) {
      best = std::max(best, index->score(padded, biases[item], item));
    }
  });
  ASSERT(sum > 0 && best > 0);
  fmt::print(
      "exact top-10 of {:7} items, k = {:3}: p50 {:8.1f}  p99 {:8.1f} us   reading {:.1f} MB "
      "alone {:.1f} us; all in floats {:.1f} us\n",
      items, factors, scan.first, scan.second, static_cast<double>(bytes.size()) * 8e-6,
      reading.first, plain.first);
}

void bench_table(runtime::Disk& disk, size_t items) {
  const test::Folder folder;
  ASSERT(factorization_machines::save_artefact(disk, folder.path() / "model_algo-1",
                                               make_model(items, 64), {})
             .has_value());
  Bytes table;
  for (size_t item = 0; item < items; ++item) {
    table += fmt::format(R"({{"id": "item-{}", "features": {{"keys": [{}], "values": [1]}}, )"
                         R"("name": "the item number {}", "category": "c{}", "price": 2.5, )"
                         R"("margin": 0.3, "in_stock": true}})"
                         "\n",
                         item, item, item, item % 50);
  }
  folder.write("items.jsonl", table);
  const double begin = wall_seconds();
  const auto predictor = find_algorithm("factorization-machines")->load(disk, folder.path());
  const double spent = wall_seconds() - begin;
  ASSERT(predictor.has_value() && (*predictor)->recommender() != nullptr);
  fmt::print("a table of {} items, {:.1f} MB, k = 64: ready to rank in {:.0f} ms\n", items,
             static_cast<double>(table.size()) * 1e-6, spent * 1e3);
}

void bench_loading(runtime::Disk& disk) {
  constexpr uint64_t kFeatures = 4'100'000;  // A little more than 1 GiB at k = 64.
  const test::Folder folder;
  {
    const Model model = make_model(kFeatures, 64);
    const double begin = wall_seconds();
    ASSERT(factorization_machines::save_artefact(disk, folder.path() / "model_algo-1", model, {})
               .has_value());
    fmt::print("an artefact of 1 GiB: written durably in {:.2f} s", wall_seconds() - begin);
  }
  const double begin = wall_seconds();
  const auto predictor = find_algorithm("factorization-machines")->load(disk, folder.path());
  fmt::print(", ready to serve in {:.3f} ms   (limit 50)\n", (wall_seconds() - begin) * 1e3);
  ASSERT(predictor.has_value());
}

}  // namespace
}  // namespace millrace::ml

int main(int count, char**) {
  using namespace millrace;
  ml::bench_top_n(100'000, 64);
  if (count > 1) return 0;  // Any argument: this only.
  const auto disk = runtime::make_disk();
  ml::bench_requests(*disk);
  for (const size_t factors : {32u, 128u}) ml::bench_top_n(100'000, factors);
  ml::bench_top_n(10'000, 64);
  ml::bench_top_n(1'000'000, 64);
  ml::bench_table(*disk, 100'000);
  ml::bench_loading(*disk);
  return 0;
}
