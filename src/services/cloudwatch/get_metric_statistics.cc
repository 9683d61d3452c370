#include <fmt/format.h>

#include "services/cloudwatch/cloudwatch.h"

namespace millrace::cloudwatch {
namespace {

constexpr int64_t kDatapointsMax = 1'440;

using Named = std::pair<std::string_view, metrics::Statistic>;

Result<std::vector<Named>> read_statistics(const GetMetricStatisticsInput& in) {
  if (in.has_statistics() && in.has_extended_statistics()) {
    return fail(errors::invalid_parameter_combination(
        "The parameters ExtendedStatistics and Statistics are mutually exclusive and you have "
        "specified both."));
  }
  std::vector<Named> out;
  for (const auto& names : {in.statistics(), in.extended_statistics()}) {
    for (const std::string_view name : names) {
      const auto statistic = metrics::parse_statistic(name);
      if (!statistic || (in.has_extended_statistics() && !statistic->needs_distribution())) {
        return fail(errors::invalid_parameter_value(
            fmt::format("The value {} for parameter ExtendedStatistics is not supported.", name)));
      }
      out.emplace_back(name, *statistic);
    }
  }
  if (out.empty()) {
    return fail(errors::invalid_parameter_combination(
        "At least one of the parameters ExtendedStatistics and Statistics must be specified."));
  }
  return out;
}

Result<metrics::SeriesQuery> read_query(const GetMetricStatisticsInput& in, const Realm& realm,
                                        Time now) {
  TRY(const seconds period, read_period(in.period()));
  if (in.start_time() >= in.end_time()) {
    return fail(errors::invalid_parameter_combination(
        "The parameter StartTime must be less than the parameter EndTime."));
  }
  metrics::SeriesQuery query;
  query.realm = realm;
  query.space = in.namespace_();
  query.name = in.metric_name();
  query.dimensions = read_dimensions(in.dimensions());
  query.start = first_period(in.start_time(), period, now);
  query.end = in.end_time();
  query.period = period;
  if (in.has_unit()) query.unit = in.unit();
  query.by_unit = true;
  query.distribution = in.has_extended_statistics();
  const int64_t datapoints =
      (std::chrono::ceil<seconds>(query.end - query.start).count() + period.count() - 1) /
      period.count();
  if (datapoints > kDatapointsMax) {
    return fail(errors::invalid_parameter_combination(fmt::format(
        "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce "
        "the datapoints requested by increasing Period, or decreasing the time range.",
        datapoints, kDatapointsMax)));
  }
  return query;
}

void write_statistic(const api::Datapoint& out, const wire::Map<double>& extended,
                     const Named& named_statistic, double value) {
  switch (named_statistic.second.kind) {
    case metrics::Statistic::Kind::sample_count:
      return out.set_sample_count(value);
    case metrics::Statistic::Kind::average:
      return out.set_average(value);
    case metrics::Statistic::Kind::sum:
      return out.set_sum(value);
    case metrics::Statistic::Kind::minimum:
      return out.set_minimum(value);
    case metrics::Statistic::Kind::maximum:
      return out.set_maximum(value);
    default:
      extended.set(named_statistic.first, value);
  }
}

}  // namespace

Task<GetMetricStatisticsOutput> get_metric_statistics(Cloudwatch& cloudwatch, wire::Call& call,
                                                      GetMetricStatisticsInput in) {
  CO_TRY(const std::vector<Named> statistics, read_statistics(in));
  CO_TRY(const metrics::SeriesQuery query, read_query(in, call.realm, cloudwatch.clock.now()));
  CO_TRY(const std::vector<metrics::SeriesPoint> points, named(cloudwatch.series.read(query)));
  auto out = call.make<GetMetricStatisticsOutput>();
  out.set_label(in.metric_name());
  const auto list = out.make_datapoints();
  for (const metrics::SeriesPoint& point : points) {
    const api::Datapoint item = list.append();
    item.set_timestamp(point.time);
    item.set_unit(point.unit);
    wire::Map<double> extended;
    if (in.has_extended_statistics()) extended = item.make_extended_statistics();
    for (const Named& statistic : statistics) {
      const auto value = metrics::evaluate(statistic.second, point.samples);
      if (value) write_statistic(item, extended, statistic, *value);
    }
  }
  co_return out;
}

}  // namespace millrace::cloudwatch
