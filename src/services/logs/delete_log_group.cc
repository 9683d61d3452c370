#include "services/logs/logs.h"

namespace millrace::logs {

Task<void> delete_log_group(Logs& logs, wire::Call& call, DeleteLogGroupRequest in) {
  co_return named(co_await logs.logs.delete_group(call.realm, std::string(in.log_group_name())));
}

}  // namespace millrace::logs
