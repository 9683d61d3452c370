// Hyperparameters, declared once per algorithm in a table that validates jobs, bounds tuning and
// prints the documentation. Values are text on the wire, as SageMaker hands them over.
//
// Values and pure functions. Errors: invalid, worded as SageMaker's algorithms word it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace millrace::ml {

enum class HyperparameterType : uint8_t { integer, real, choice, text };

struct Hyperparameter {
  std::string_view name;
  HyperparameterType type = HyperparameterType::real;
  bool required = false;
  std::string_view default_value = {};  // Empty: none.
  double min = 0;                       // Inclusive; of numbers. Of a text: bytes.
  double max = 0;
  std::span<const std::string_view> choices = {};
  bool tunable = false;
  double tuning_min = 0;  // Recommended by AWS.
  double tuning_max = 0;
  // `name==value` of the hyperparameter that makes this one tunable; empty: always.
  std::string_view tuning_condition = {};
  std::string_view sentence = {};
  bool extension = false;  // Not AWS's but ours.
};

class HyperparameterValues {
 public:
  bool has(std::string_view name) const;
  // It was said, not filled in.
  bool given(std::string_view name) const { return given_.contains(name); }
  // What is asked for is in the table, of that type, and given, required or with a default.
  int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  const std::string& choice(std::string_view name) const;
  const std::string& text(std::string_view name) const { return choice(name); }
  std::optional<double> optional_real(std::string_view name) const;

 private:
  friend Result<HyperparameterValues> parse_hyperparameters(
      std::span<const Hyperparameter> table, const std::map<std::string, std::string>& given);
  std::map<std::string, std::variant<int64_t, double, std::string>, std::less<>> values_;
  std::set<std::string, std::less<>> given_;
};

// Names that SageMaker itself adds (`_tuning_objective_metric`, …); accepted and not used.
bool is_reserved_hyperparameter(std::string_view name);

// Checks names, types, ranges and presence; fills in defaults.
Result<HyperparameterValues> parse_hyperparameters(std::span<const Hyperparameter> table,
                                                   const std::map<std::string, std::string>& given);

// `min` to `max`, in words: "an integer of at least 1".
std::string describe_range(const Hyperparameter& hyperparameter);

}  // namespace millrace::ml
