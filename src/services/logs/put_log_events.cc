#include <fmt/format.h>

#include "services/logs/logs.h"

namespace millrace::logs {
namespace {

constexpr size_t kBatchBytesMax = 1'048'576;
constexpr size_t kEventOverhead = 26;
constexpr std::chrono::hours kSpanMax{24};
constexpr std::chrono::hours kFutureMax{2};
constexpr std::chrono::hours kPastMax{14 * 24};
constexpr std::chrono::hours kDay{24};

// The events, if the batch as a whole can be accepted.
Result<std::vector<metrics::LogEvent>> read_batch(PutLogEventsRequest in) {
  std::vector<metrics::LogEvent> events;
  size_t bytes = 0;
  for (const api::InputLogEvent event : in.log_events()) {
    bytes += event.message().size() + kEventOverhead;
    const Time time = from_millis(event.timestamp());
    if (!events.empty() && time < events.back().time) {
      return fail(errors::invalid_parameter(
          "Log events in a single PutLogEvents request must be in chronological order."));
    }
    events.push_back({time, std::string(event.message())});
  }
  if (bytes > kBatchBytesMax) {
    return fail(errors::invalid_parameter(
        fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kBatchBytesMax)));
  }
  if (events.back().time - events.front().time > kSpanMax) {
    return fail(errors::invalid_parameter(
        "The batch of log events in a single PutLogEvents request cannot span more than 24 "
        "hours."));
  }
  return events;
}

// Which of the events, which are in order, are refused: [0, expired), [0, old) and [new, size).
struct Rejected {
  size_t expired = 0, too_old = 0, too_new = 0;
};

Rejected reject(std::vector<metrics::LogEvent>& events, const metrics::LogGroup& group, Time now) {
  Rejected out;
  const auto count_before = [&events](Time time) {
    size_t count = 0;
    while (count < events.size() && events[count].time < time) ++count;
    return count;
  };
  out.too_old = count_before(now - kPastMax);
  if (group.retention_days) out.expired = count_before(now - kDay * *group.retention_days);
  out.too_new = count_before(now + kFutureMax + microseconds(1));
  events.resize(out.too_new);
  const size_t gone = std::min(events.size(), std::max(out.expired, out.too_old));
  events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(gone));
  return out;
}

}  // namespace

// AWS: what is too old, expired or too new is left out and told; the rest is stored. Sequence
// tokens are not looked at. See put_log_events.test.
Task<PutLogEventsResponse> put_log_events(Logs& logs, wire::Call& call, PutLogEventsRequest in) {
  CO_TRY(std::vector<metrics::LogEvent> events, read_batch(in));
  const std::string group(in.log_group_name());
  const std::string stream(in.log_stream_name());
  CO_TRY(const metrics::LogGroup row, named(logs.logs.group(call.realm, group)));
  const size_t sent = events.size();
  const Rejected rejected = reject(events, row, logs.clock.now());
  const metrics::AppendOptions options;
  CO_TRY(named(co_await logs.logs.append(call.realm, group, stream, std::move(events), options)));
  CO_TRY(const metrics::LogStream after, named(logs.logs.stream(call.realm, group, stream)));
  auto out = call.make<PutLogEventsResponse>();
  out.set_next_sequence_token(sequence_token(after));
  if (rejected.too_new < sent || rejected.too_old > 0 || rejected.expired > 0) {
    const auto info = out.make_rejected_log_events_info();
    if (rejected.too_new < sent) {
      info.set_too_new_log_event_start_index(static_cast<int64_t>(rejected.too_new));
    }
    if (rejected.too_old > 0) {
      info.set_too_old_log_event_end_index(static_cast<int64_t>(rejected.too_old));
    }
    if (rejected.expired > 0) {
      info.set_expired_log_event_end_index(static_cast<int64_t>(rejected.expired));
    }
  }
  co_return out;
}

}  // namespace millrace::logs
