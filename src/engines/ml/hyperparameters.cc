#include "engines/ml/hyperparameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace millrace::ml {
namespace {

constexpr std::array<std::string_view, 8> kReserved = {
    "_tuning_objective_metric",
    "_kvstore",
    "_num_gpus",
    "_num_kv_servers",
    "_log_level",
    "_enable_profiler",
    "_ftp_port",
    "_checkpoint_interval",
};

using Value = std::variant<int64_t, double, std::string>;

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<double> parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::optional<Value> parse_value(const Hyperparameter& hyperparameter, std::string_view text) {
  if (hyperparameter.type == HyperparameterType::choice) {
    const auto& choices = hyperparameter.choices;
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) return {};
    return Value(std::string(text));
  }
  if (hyperparameter.type == HyperparameterType::text) {
    const double bytes = static_cast<double>(text.size());
    if (bytes < hyperparameter.min || bytes > hyperparameter.max) return {};
    return Value(std::string(text));
  }
  const std::optional<double> number = parse_number(text);
  if (!number || *number < hyperparameter.min || *number > hyperparameter.max) return {};
  if (hyperparameter.type == HyperparameterType::real) return Value(*number);
  constexpr double kExactMax = 0x1p53;
  if (*number != std::floor(*number) || std::abs(*number) > kExactMax) return {};
  return Value(static_cast<int64_t>(*number));
}

std::unexpected<Error> invalid(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("{} (caused by ValidationError)", what));
}

Result<void> check_names(std::span<const Hyperparameter> table,
                         const std::map<std::string, std::string>& given) {
  std::string unexpected;
  size_t count = 0;
  for (const auto& [name, text] : given) {
    const bool known = std::any_of(table.begin(), table.end(),
                                   [&](const Hyperparameter& h) { return h.name == name; });
    if (known || is_reserved_hyperparameter(name)) continue;
    unexpected += fmt::format("{}'{}'", count++ > 0 ? ", " : "", name);
  }
  if (count == 0) return ok;
  return invalid(fmt::format("Additional hyperparameters are not allowed ({} {} unexpected)",
                             unexpected, count > 1 ? "were" : "was"));
}

}  // namespace

bool is_reserved_hyperparameter(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

std::string describe_range(const Hyperparameter& hyperparameter) {
  if (hyperparameter.type == HyperparameterType::choice) {
    return fmt::format("one of {}", fmt::join(hyperparameter.choices, ", "));
  }
  if (hyperparameter.type == HyperparameterType::text) {
    return fmt::format("a text of {} to {} bytes", hyperparameter.min, hyperparameter.max);
  }
  const bool integer = hyperparameter.type == HyperparameterType::integer;
  const std::string_view kind = integer ? "an integer" : "a number";
  constexpr double kUnbounded = std::numeric_limits<float>::max();
  const bool below = hyperparameter.min > -kUnbounded;
  const bool above = hyperparameter.max < kUnbounded;
  if (below && above) {
    return fmt::format("{} from {} to {}", kind, hyperparameter.min, hyperparameter.max);
  }
  return below ? fmt::format("{} of at least {}", kind, hyperparameter.min) : std::string(kind);
}

Result<HyperparameterValues> parse_hyperparameters(
    std::span<const Hyperparameter> table, const std::map<std::string, std::string>& given) {
  TRY(check_names(table, given));
  std::string missing;
  HyperparameterValues values;
  for (const Hyperparameter& hyperparameter : table) {
    const auto found = given.find(std::string(hyperparameter.name));
    if (found == given.end() && hyperparameter.required) {
      missing += fmt::format("{}'{}'", missing.empty() ? "" : ", ", hyperparameter.name);
    }
    if (found == given.end() && hyperparameter.default_value.empty()) continue;
    const std::string_view text =
        found == given.end() ? hyperparameter.default_value : std::string_view(found->second);
    std::optional<Value> value = parse_value(hyperparameter, text);
    if (!value) {
      return invalid(
          fmt::format("The value '{}' of hyperparameter '{}' is not valid: it must be {}", text,
                      hyperparameter.name, describe_range(hyperparameter)));
    }
    values.values_.emplace(hyperparameter.name, std::move(*value));
    if (found != given.end()) values.given_.emplace(hyperparameter.name);
  }
  if (!missing.empty()) {
    return invalid(fmt::format(
        "No value(s) were specified for {} which are required hyperparameter(s)", missing));
  }
  return values;
}

bool HyperparameterValues::has(std::string_view name) const { return values_.contains(name); }

int64_t HyperparameterValues::integer(std::string_view name) const {
  const auto found = values_.find(name);
  ASSERT(found != values_.end());
  return std::get<int64_t>(found->second);
}

double HyperparameterValues::real(std::string_view name) const {
  const auto found = values_.find(name);
  ASSERT(found != values_.end());
  return std::get<double>(found->second);
}

const std::string& HyperparameterValues::choice(std::string_view name) const {
  const auto found = values_.find(name);
  ASSERT(found != values_.end());
  return std::get<std::string>(found->second);
}

std::optional<double> HyperparameterValues::optional_real(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return {};
  return std::get<double>(found->second);
}

}  // namespace millrace::ml
