#include "services/logs/logs.h"

namespace millrace::logs {
namespace {

constexpr int64_t kPageDefault = 50;

void write_stream(api::LogStream out, const metrics::LogStream& stream) {
  out.set_log_stream_name(stream.name);
  out.set_creation_time(to_millis(stream.created));
  if (stream.first_event) out.set_first_event_timestamp(to_millis(*stream.first_event));
  if (stream.last_event) out.set_last_event_timestamp(to_millis(*stream.last_event));
  if (stream.last_ingestion) out.set_last_ingestion_time(to_millis(*stream.last_ingestion));
  out.set_upload_sequence_token(sequence_token(stream));
  out.set_arn(group_arn(stream.realm, stream.group) + ":log-stream:" + stream.name);
  out.set_stored_bytes(stream.stored_bytes);
}

}  // namespace

Task<DescribeLogStreamsResponse> describe_log_streams(Logs& logs, wire::Call& call,
                                                      DescribeLogStreamsRequest in) {
  CO_TRY(std::string group, group_of(in.log_group_name(), in.log_group_identifier()));
  const bool by_last_event = in.order_by() == "LastEventTime";
  if (by_last_event && in.has_log_stream_name_prefix()) {
    co_return fail(
        errors::invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix."));
  }
  const metrics::StreamQuery query{.realm = call.realm,
                                   .group = std::move(group),
                                   .prefix = std::string(in.log_stream_name_prefix()),
                                   .by_last_event = by_last_event,
                                   .descending = in.descending(),
                                   .after = std::string(in.next_token()),
                                   .limit = static_cast<size_t>(in.limit(kPageDefault))};
  CO_TRY(const metrics::StreamPage page, named(logs.logs.streams(query)));
  auto out = call.make<DescribeLogStreamsResponse>();
  const auto list = out.make_log_streams();
  for (const metrics::LogStream& stream : page.streams) write_stream(list.append(), stream);
  if (!page.next.empty()) out.set_next_token(page.next);
  co_return out;
}

}  // namespace millrace::logs
