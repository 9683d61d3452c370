#include "services/logs/logs.h"

namespace millrace::logs {

Task<void> delete_retention_policy(Logs& logs, wire::Call& call, DeleteRetentionPolicyRequest in) {
  const std::string group(in.log_group_name());
  co_return named(co_await logs.logs.set_retention(call.realm, group, std::nullopt));
}

}  // namespace millrace::logs
