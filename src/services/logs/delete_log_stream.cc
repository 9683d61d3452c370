#include "services/logs/logs.h"

namespace millrace::logs {

Task<void> delete_log_stream(Logs& logs, wire::Call& call, DeleteLogStreamRequest in) {
  co_return named(co_await logs.logs.delete_stream(call.realm, std::string(in.log_group_name()),
                                                   std::string(in.log_stream_name())));
}

}  // namespace millrace::logs
