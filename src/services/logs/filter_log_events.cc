#include "engines/metrics/log_pattern.h"
#include "services/logs/logs.h"

namespace millrace::logs {
namespace {

constexpr int64_t kPageMax = 10'000;

}  // namespace

// AWS: unlike in GetLogEvents, endTime is included. See filter_log_events.test.
Task<FilterLogEventsResponse> filter_log_events(Logs& logs, wire::Call& call,
                                                FilterLogEventsRequest in) {
  CO_TRY(std::string group, group_of(in.log_group_name(), in.log_group_identifier()));
  if (in.has_log_stream_names() && in.has_log_stream_name_prefix()) {
    co_return fail(errors::invalid_parameter(
        "logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
  }
  CO_TRY(const metrics::LogPattern pattern, named(metrics::LogPattern::parse(in.filter_pattern())));
  metrics::FilterQuery query{.realm = call.realm,
                             .group = std::move(group),
                             .streams = {},
                             .prefix = std::string(in.log_stream_name_prefix()),
                             .start = {},
                             .end = {},
                             .pattern = &pattern,
                             .after = std::string(in.next_token()),
                             .limit = static_cast<size_t>(in.limit(kPageMax))};
  for (const std::string_view name : in.log_stream_names()) query.streams.emplace_back(name);
  if (in.has_start_time()) query.start = from_millis(in.start_time());
  if (in.has_end_time()) query.end = from_millis(in.end_time()) + milliseconds(1);
  CO_TRY(const metrics::FilterPage page, named(logs.logs.filter(query)));
  auto out = call.make<FilterLogEventsResponse>();
  const auto list = out.make_events();
  for (const metrics::StoredEvent& event : page.events) {
    const api::FilteredLogEvent item = list.append();
    item.set_log_stream_name(event.stream);
    item.set_timestamp(to_millis(event.time));
    item.set_message(event.text);
    item.set_ingestion_time(to_millis(event.ingested));
    item.set_event_id(event.position);
  }
  out.make_searched_log_streams();
  if (!page.next.empty()) out.set_next_token(page.next);
  co_return out;
}

}  // namespace millrace::logs
