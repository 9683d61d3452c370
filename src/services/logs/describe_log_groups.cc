#include "services/logs/logs.h"

namespace millrace::logs {
namespace {

constexpr int64_t kPageDefault = 50;

void write_group(api::LogGroup out, const metrics::LogGroupInfo& info) {
  const metrics::LogGroup& group = info.group;
  const std::string arn = group_arn(group.realm, group.name);
  out.set_log_group_name(group.name);
  out.set_creation_time(to_millis(group.created));
  if (group.retention_days) out.set_retention_in_days(*group.retention_days);
  out.set_metric_filter_count(0);
  out.set_arn(arn + ":*");
  out.set_stored_bytes(info.stored_bytes);
  if (!group.kms_key.empty()) out.set_kms_key_id(group.kms_key);
  out.set_log_group_class(group.storage_class.empty() ? "STANDARD" : group.storage_class);
  out.set_log_group_arn(arn);
}

}  // namespace

// The token is the last name of the page. A filter by class may leave fewer groups on a page.
Task<DescribeLogGroupsResponse> describe_log_groups(Logs& logs, wire::Call& call,
                                                    DescribeLogGroupsRequest in) {
  if (in.has_log_group_name_prefix() && in.has_log_group_name_pattern()) {
    co_return fail(errors::invalid_parameter(
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
  }
  const metrics::GroupQuery query{.realm = call.realm,
                                  .prefix = std::string(in.log_group_name_prefix()),
                                  .contains = std::string(in.log_group_name_pattern()),
                                  .after = std::string(in.next_token()),
                                  .limit = static_cast<size_t>(in.limit(kPageDefault))};
  CO_TRY(const metrics::GroupPage page, named(logs.logs.groups(query)));
  auto out = call.make<DescribeLogGroupsResponse>();
  const auto list = out.make_log_groups();
  for (const metrics::LogGroupInfo& info : page.groups) {
    const std::string_view has =
        info.group.storage_class.empty() ? "STANDARD" : std::string_view(info.group.storage_class);
    if (!in.has_log_group_class() || in.log_group_class() == has) write_group(list.append(), info);
  }
  if (page.more) out.set_next_token(page.groups.back().group.name);
  co_return out;
}

}  // namespace millrace::logs
