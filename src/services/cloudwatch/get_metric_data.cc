#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "services/cloudwatch/cloudwatch.h"
#include "services/cloudwatch/expression.h"

namespace millrace::cloudwatch {
namespace {

constexpr size_t kQueriesMax = 500;
constexpr size_t kDatapointsMax = 100'800;
constexpr unsigned kReferencesMax = 32;     // Expressions that refer to expressions that refer …
constexpr size_t kExpressionsMax = 10'000;  // Evaluated for one answer, each mention again.
constexpr size_t kPointsMax = 20'000'000;   // Copied for them.

std::unexpected<Error> invalid(std::string message) {
  return fail(errors::validation(std::move(message)));
}

// The queries of one request, evaluated as they are asked for.
class Queries {
 public:
  Queries(Cloudwatch& cloudwatch, const Realm& realm, GetMetricDataInput in)
      : cloudwatch_(cloudwatch), realm_(realm), in_(in) {
    scope_.find = [this](std::string_view id) { return find(id); };
    scope_.metrics = [this] { return all_metrics(); };
  }

  Result<void> check() const;
  Result<Points> points_of(const api::MetricDataQuery& query);

 private:
  Result<MathValue> find(std::string_view id);
  Result<std::vector<Points>> all_metrics();
  Result<MathValue> value_of(const api::MetricDataQuery& query);
  Result<Points> read_metric(const api::MetricStat& stat);

  Cloudwatch& cloudwatch_;
  const Realm& realm_;
  GetMetricDataInput in_;
  MathScope scope_;
  std::map<std::string_view, Points> read_;  // Metrics by id: read once.
  unsigned depth_ = 0;
  size_t evaluated_ = 0;
  size_t copied_ = 0;
};

bool is_id(std::string_view id) {
  if (id.empty() || id[0] < 'a' || id[0] > 'z') return false;
  return std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<void> Queries::check() const {
  if (in_.metric_data_queries().size() > kQueriesMax) {
    return invalid(fmt::format(
        "The collection MetricDataQueries must not have a size greater than {}.", kQueriesMax));
  }
  if (in_.start_time() >= in_.end_time()) {
    return invalid("The parameter EndTime must be greater than StartTime.");
  }
  std::set<std::string_view> ids;
  for (const api::MetricDataQuery query : in_.metric_data_queries()) {
    if (!is_id(query.id())) {
      return invalid(
          fmt::format("The value {} for parameter MetricDataQueries.member.Id is not "
                      "matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                      query.id()));
    }
    if (!ids.insert(query.id()).second) {
      return invalid(fmt::format(
          "The values for parameter id in MetricDataQueries are not unique: {}.", query.id()));
    }
    if (query.has_metric_stat() == query.has_expression()) {
      return invalid(fmt::format(
          "Exactly one of MetricStat and Expression must be specified for the id {}.", query.id()));
    }
  }
  return {};
}

Result<MathValue> Queries::find(std::string_view id) {
  for (const api::MetricDataQuery query : in_.metric_data_queries()) {
    if (query.id() == id) return value_of(query);
  }
  return fail(ErrorKind::invalid, fmt::format("Error in expression: no metric has the id {}", id));
}

Result<std::vector<Points>> Queries::all_metrics() {
  std::vector<Points> out;
  for (const api::MetricDataQuery query : in_.metric_data_queries()) {
    if (!query.has_metric_stat()) continue;
    TRY(MathValue value, value_of(query));
    out.push_back(std::get<Points>(std::move(value)));
  }
  return out;
}

Result<Points> Queries::read_metric(const api::MetricStat& stat) {
  TRY(const seconds period, read_period(stat.period()));
  const auto statistic = metrics::parse_statistic(stat.stat());
  if (!statistic)
    return invalid(fmt::format("The value {} for parameter Stat is not supported.", stat.stat()));
  metrics::SeriesQuery query;
  query.realm = realm_;
  query.space = stat.metric().namespace_();
  query.name = stat.metric().metric_name();
  query.dimensions = read_dimensions(stat.metric().dimensions());
  query.start = first_period(in_.start_time(), period, cloudwatch_.clock.now());
  query.end = in_.end_time();
  query.period = period;
  if (stat.has_unit()) query.unit = stat.unit();
  query.distribution = statistic->needs_distribution();
  TRY(const std::vector<metrics::SeriesPoint> found, cloudwatch_.series.read(query));
  Points out;
  for (const metrics::SeriesPoint& point : found) {
    const auto value = metrics::evaluate(*statistic, point.samples);
    if (value) out.emplace_hint(out.end(), point.time, *value);
  }
  return out;
}

Result<MathValue> Queries::value_of(const api::MetricDataQuery& query) {
  if (query.has_metric_stat()) {
    const auto known = read_.find(query.id());
    if (known != read_.end()) {
      copied_ += known->second.size();
      if (copied_ > kPointsMax) return fail(ErrorKind::invalid, "The expressions are too large.");
      return known->second;
    }
    TRY(Points points, read_metric(query.metric_stat()));
    return read_.emplace(query.id(), std::move(points)).first->second;
  }
  if (depth_ >= kReferencesMax || ++evaluated_ > kExpressionsMax) {
    return fail(ErrorKind::invalid,
                fmt::format("Error in expression '{}': it refers to itself", query.id()));
  }
  ++depth_;
  Result<MathValue> value = evaluate_expression(query.expression(), scope_);
  --depth_;
  return value;
}

Result<Points> Queries::points_of(const api::MetricDataQuery& query) {
  TRY(MathValue value, value_of(query));
  if (auto* points = std::get_if<Points>(&value)) return std::move(*points);
  return fail(
      ErrorKind::invalid,
      fmt::format("Error in expression '{}': it does not return a time series", query.id()));
}

// AWS: errors in the queries are ValidationErrors; what Millrace does not serve is one, by name.
std::unexpected<Error> refusal(Error error) {
  const bool ours = error.kind == ErrorKind::invalid || error.kind == ErrorKind::unsupported;
  if (ours && error.code.empty()) return invalid(std::move(error.message));
  return fail(std::move(error));
}

// Of all datapoints the page has those from `skip` to `through`. The token is the count before it.
struct Paging {
  size_t skip = 0;
  size_t through = 0;
  size_t seen = 0;
};

Result<Paging> read_paging(const GetMetricDataInput& in) {
  Paging out;
  const std::string_view token = in.next_token();
  if (!token.empty()) {
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), out.skip);
    if (error != std::errc{} || end != token.data() + token.size()) {
      return fail(errors::invalid_next_token("The token is invalid."));
    }
  }
  const int64_t most = in.max_datapoints(int64_t{kDatapointsMax});
  if (most <= 0) return invalid("The parameter MaxDatapoints must be greater than 0.");
  const size_t size = std::min(kDatapointsMax, static_cast<size_t>(most));
  out.through = out.skip + std::min(size, std::numeric_limits<size_t>::max() - out.skip);
  return out;
}

void write_points(const api::MetricDataResult& out, const Points& points, bool ascending,
                  Paging& paging) {
  const auto times = out.make_timestamps();
  const auto values = out.make_values();
  bool cut = false;
  const auto write = [&](Time time, double value) {
    const size_t place = paging.seen++;
    cut = cut || place >= paging.through;
    if (place < paging.skip || place >= paging.through) return;
    times.append(time);
    values.append(value);
  };
  if (ascending) {
    for (auto it = points.begin(); it != points.end(); ++it) write(it->first, it->second);
  } else {
    for (auto it = points.rbegin(); it != points.rend(); ++it) write(it->first, it->second);
  }
  out.set_status_code(cut ? "PartialData" : "Complete");
}

}  // namespace

// DIVERGES: of metric math Millrace has what expression.h says; the rest is refused by name.
Task<GetMetricDataOutput> get_metric_data(Cloudwatch& cloudwatch, wire::Call& call,
                                          GetMetricDataInput in) {
  Queries queries(cloudwatch, call.realm, in);
  CO_TRY(queries.check());
  CO_TRY(Paging paging, read_paging(in));
  auto out = call.make<GetMetricDataOutput>();
  const auto list = out.make_metric_data_results();
  for (const api::MetricDataQuery query : in.metric_data_queries()) {
    if (!query.return_data(true)) continue;
    Result<Points> points = queries.points_of(query);
    if (!points) co_return refusal(std::move(points).error());
    const api::MetricDataResult result = list.append();
    result.set_id(query.id());
    const std::string_view own =
        query.has_metric_stat() ? query.metric_stat().metric().metric_name() : query.id();
    result.set_label(query.label(own));
    write_points(result, *points, in.scan_by() == "TimestampAscending", paging);
  }
  if (paging.seen > paging.through) out.set_next_token(fmt::format("{}", paging.through));
  co_return out;
}

}  // namespace millrace::cloudwatch
