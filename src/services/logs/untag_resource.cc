#include "services/logs/logs.h"

namespace millrace::logs {

Task<void> untag_resource(Logs& logs, wire::Call& call, UntagResourceRequest in) {
  CO_TRY(const std::string name, group_of_arn(in.resource_arn()));
  std::vector<std::string> removed;
  for (const std::string_view key : in.tag_keys()) removed.emplace_back(key);
  const std::map<std::string, std::string> set;
  co_return named(co_await logs.logs.change_tags(call.realm, name, set, std::move(removed)));
}

}  // namespace millrace::logs
