#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "services/cloudwatch/cloudwatch.h"

namespace millrace::cloudwatch {
namespace {

constexpr size_t kDataMax = 1'000;
constexpr size_t kValuesMax = 150;
constexpr std::chrono::hours kPastMax{14 * 24};
constexpr std::chrono::hours kFutureMax{2};
const double kValueMax = std::ldexp(1.0, 360);  // AWS: values are within -2^360 to 2^360.

bool admissible(double value) { return std::isfinite(value) && std::abs(value) <= kValueMax; }

std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return fmt::format("{}", value);
}

std::unexpected<Error> invalid_value(double value, std::string_view name) {
  return fail(errors::invalid_parameter_value(
      fmt::format("The value {} for parameter {} is invalid.", text_of(value), name)));
}

Result<void> read_values(const api::MetricDatum& in, const std::string& at, metrics::Datum& out) {
  const auto values = in.values();
  const auto counts = in.counts();
  if (values.size() > kValuesMax) {
    return fail(errors::invalid_parameter_value(fmt::format(
        "The collection {}.Values must not have a size greater than {}.", at, kValuesMax)));
  }
  if (in.has_counts() && counts.size() != values.size()) {
    return fail(errors::invalid_parameter_value(
        fmt::format("The parameters {0}.Values and {0}.Counts must be of the same size.", at)));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!admissible(values[i])) {
      return invalid_value(values[i], fmt::format("{}.Values.member.{}", at, i + 1));
    }
    out.values.push_back(values[i]);
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    if (!admissible(counts[i]) || counts[i] <= 0) {
      return invalid_value(counts[i], fmt::format("{}.Counts.member.{}", at, i + 1));
    }
    out.counts.push_back(counts[i]);
  }
  return {};
}

Result<void> read_summary(const api::StatisticSet& in, const std::string& at, metrics::Datum& out) {
  const metrics::Datum::Summary summary{in.sample_count(), in.sum(), in.minimum(), in.maximum()};
  for (const double value : {summary.sum, summary.min, summary.max}) {
    if (!admissible(value)) return invalid_value(value, at + ".StatisticValues");
  }
  if (!admissible(summary.count) || summary.count <= 0) {
    return invalid_value(summary.count, at + ".StatisticValues.SampleCount");
  }
  if (summary.min > summary.max) {
    return fail(errors::invalid_parameter_combination(
        fmt::format("The parameter {0}.StatisticValues.Maximum must be greater than "
                    "{0}.StatisticValues.Minimum.",
                    at)));
  }
  out.summary = summary;
  return {};
}

Result<void> read_samples(const api::MetricDatum& in, const std::string& at, metrics::Datum& out) {
  const bool values = in.has_values() && !in.values().empty();
  const int forms =
      (in.has_value() ? 1 : 0) + (values ? 1 : 0) + (in.has_statistic_values() ? 1 : 0);
  if (forms == 0) {
    return fail(errors::missing_required_parameter(fmt::format(
        "At least one of the parameters {0}.Value, {0}.Values and {0}.StatisticValues must be "
        "specified.",
        at)));
  }
  if (forms > 1) {
    return fail(errors::invalid_parameter_combination(fmt::format(
        "The parameters {0}.Value, {0}.Values and {0}.StatisticValues are mutually exclusive and "
        "you have specified more than one.",
        at)));
  }
  if (values) return read_values(in, at, out);
  if (in.has_statistic_values()) return read_summary(in.statistic_values(), at, out);
  if (!admissible(in.value())) return invalid_value(in.value(), at + ".Value");
  out.value = in.value();
  return {};
}

Result<void> read_time(const api::MetricDatum& in, const std::string& at, Time now,
                       metrics::Datum& out) {
  if (!in.has_timestamp()) return {};
  out.time = in.timestamp();
  std::string_view rule;
  if (*out.time < now - kPastMax) rule = "no more than two weeks in the past";
  if (*out.time > now + kFutureMax) rule = "no more than two hours in the future";
  if (rule.empty()) return {};
  return fail(errors::invalid_parameter_value(
      fmt::format("The parameter {}.Timestamp must specify a time {}.", at, rule)));
}

Result<metrics::Datum> read_datum(std::string_view space, const api::MetricDatum& in,
                                  const std::string& at, Time now) {
  metrics::Datum out;
  out.space = space;
  out.name = in.metric_name();
  out.dimensions = read_dimensions(in.dimensions());
  out.unit = in.unit("None");
  const int64_t resolution = in.storage_resolution(60);
  if (resolution != 1 && resolution != 60) {
    return fail(errors::invalid_parameter_value(fmt::format(
        "The value {} for parameter {}.StorageResolution is invalid.", resolution, at)));
  }
  out.high_resolution = resolution == 1;
  TRY(read_time(in, at, now, out));
  TRY(read_samples(in, at, out));
  return out;
}

}  // namespace

// DIVERGES: AWS ties the data of EntityMetricData to their entity; here they are data.
Task<void> put_metric_data(Cloudwatch& cloudwatch, wire::Call& call, PutMetricDataInput in) {
  if (!in.has_metric_data() && !in.has_entity_metric_data()) {
    co_return fail(errors::missing_required_parameter("The parameter MetricData is required."));
  }
  if (in.namespace_().starts_with("AWS/")) {
    co_return fail(
        errors::invalid_parameter_value("The value AWS/ for parameter Namespace is invalid."));
  }
  const Time now = cloudwatch.clock.now();
  std::vector<metrics::Datum> data;
  size_t number = 0;
  for (const api::MetricDatum datum : in.metric_data()) {
    const std::string at = fmt::format("MetricData.member.{}", ++number);
    CO_TRY(metrics::Datum read, read_datum(in.namespace_(), datum, at, now));
    data.push_back(std::move(read));
  }
  for (const api::EntityMetricData entity : in.entity_metric_data()) {
    for (const api::MetricDatum datum : entity.metric_data()) {
      CO_TRY(metrics::Datum read, read_datum(in.namespace_(), datum, "EntityMetricData", now));
      data.push_back(std::move(read));
    }
  }
  if (data.size() > kDataMax) {
    co_return fail(errors::invalid_parameter_value(
        fmt::format("The collection MetricData must not have a size greater than {}.", kDataMax)));
  }
  co_return named(co_await cloudwatch.series.put(call.realm, std::move(data)));
}

}  // namespace millrace::cloudwatch
