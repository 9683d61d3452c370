#include "services/logs/logs.h"

namespace millrace::logs {

Task<void> create_log_group(Logs& logs, wire::Call& call, CreateLogGroupRequest in) {
  metrics::LogGroup group{.realm = call.realm, .name = std::string(in.log_group_name())};
  group.kms_key = in.kms_key_id();
  group.storage_class = in.log_group_class();
  const auto tags = in.tags();
  for (size_t i = 0; i < tags.size(); ++i) group.tags[std::string(tags.key(i))] = tags.value(i);
  co_return named(co_await logs.logs.create_group(std::move(group)));
}

}  // namespace millrace::logs
