#include "services/cloudwatch/cloudwatch.h"

namespace millrace::cloudwatch {
namespace {

constexpr std::chrono::hours kListed{14 * 24};  // AWS: metrics with data in the past two weeks.
constexpr std::chrono::hours kRecent{3};

}  // namespace

Task<ListMetricsOutput> list_metrics(Cloudwatch& cloudwatch, wire::Call& call,
                                     ListMetricsInput in) {
  metrics::ListQuery query;
  query.realm = call.realm;
  if (in.has_namespace()) query.space = in.namespace_();
  if (in.has_metric_name()) query.name = in.metric_name();
  for (const api::DimensionFilter filter : in.dimensions()) {
    metrics::ListQuery::Filter wanted{std::string(filter.name()), {}};
    if (filter.has_value()) wanted.value = filter.value();
    query.dimensions.push_back(std::move(wanted));
  }
  query.active_since = cloudwatch.clock.now() - (in.has_recently_active() ? kRecent : kListed);
  query.after = in.next_token();
  CO_TRY(const metrics::ListPage page, named(cloudwatch.series.list(query)));
  auto out = call.make<ListMetricsOutput>();
  const auto list = out.make_metrics();
  for (const metrics::SeriesName& name : page.series) {
    const api::Metric metric = list.append();
    metric.set_namespace(name.space);
    metric.set_metric_name(name.name);
    const auto dimensions = metric.make_dimensions();
    for (const metrics::Dimension& dimension : name.dimensions) {
      const api::Dimension item = dimensions.append();
      item.set_name(dimension.name);
      item.set_value(dimension.value);
    }
  }
  if (!page.next.empty()) out.set_next_token(page.next);
  co_return out;
}

}  // namespace millrace::cloudwatch
