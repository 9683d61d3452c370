#include "services/logs/logs.h"

namespace millrace::logs {
namespace {

constexpr int64_t kPageMax = 10'000;

}  // namespace

// AWS: at either end of the stream the token that was sent comes back. See get_log_events.test.
Task<GetLogEventsResponse> get_log_events(Logs& logs, wire::Call& call, GetLogEventsRequest in) {
  CO_TRY(std::string group, group_of(in.log_group_name(), in.log_group_identifier()));
  metrics::ReadQuery query{.realm = call.realm,
                           .group = std::move(group),
                           .stream = std::string(in.log_stream_name()),
                           .start = {},
                           .end = {},
                           .from_head = in.start_from_head(),
                           .position = std::string(in.next_token()),
                           .limit = static_cast<size_t>(in.limit(kPageMax))};
  if (in.has_start_time()) query.start = from_millis(in.start_time());
  if (in.has_end_time()) query.end = from_millis(in.end_time());
  CO_TRY(const metrics::EventPage page, named(logs.logs.read(query)));
  auto out = call.make<GetLogEventsResponse>();
  const auto list = out.make_events();
  for (const metrics::StoredEvent& event : page.events) {
    const api::OutputLogEvent item = list.append();
    item.set_timestamp(to_millis(event.time));
    item.set_message(event.text);
    item.set_ingestion_time(to_millis(event.ingested));
  }
  out.set_next_forward_token(page.forward);
  out.set_next_backward_token(page.backward);
  co_return out;
}

}  // namespace millrace::logs
