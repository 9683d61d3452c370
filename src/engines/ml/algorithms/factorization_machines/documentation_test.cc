// The tables of docs/algorithms/factorization-machines.md say what the code does.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "engines/ml/algorithms/factorization_machines/factorization_machines.h"

namespace millrace::ml::factorization_machines {
namespace {

std::string number(double value) { return fmt::format("{}", value); }

// A row of the table of hyperparameters.
std::string row_of(const Hyperparameter& h) {
  std::string values = describe_range(h);
  std::string by_default = h.required ? "required" : std::string(h.default_value);
  if (by_default.empty()) by_default = "none";
  std::string tuning = "";
  if (h.tunable) tuning = fmt::format("{} to {}", number(h.tuning_min), number(h.tuning_max));
  return fmt::format("| `{}` | {} | {} | {} | {} |", h.name, by_default, values, tuning,
                     h.sentence);
}

TEST(Documentation, NamesEveryHyperparameterAndMetric) {
  const std::string path =
      std::string(MILLRACE_SOURCE_DIR) + "/docs/algorithms/factorization-machines.md";
  std::ostringstream page;
  page << std::ifstream(path).rdbuf();
  ASSERT_FALSE(page.str().empty()) << path;
  std::string missing;
  for (const Hyperparameter& h : kTable) {
    if (page.str().find(row_of(h) + "\n") == std::string::npos) missing += row_of(h) + "\n";
  }
  for (const MetricDefinition& metric : kMetrics) {
    const std::string row = fmt::format("| `{}` | `{}` |", metric.name, metric.regex);
    if (page.str().find(row + "\n") == std::string::npos) missing += row + "\n";
  }
  EXPECT_EQ(missing, "") << "these rows are missing in " << path;
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
