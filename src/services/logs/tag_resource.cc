#include "services/logs/logs.h"

namespace millrace::logs {
namespace {

constexpr size_t kTagsMax = 50;

}  // namespace

Task<void> tag_resource(Logs& logs, wire::Call& call, TagResourceRequest in) {
  CO_TRY(const std::string name, group_of_arn(in.resource_arn()));
  CO_TRY(const metrics::LogGroup group, named(logs.logs.group(call.realm, name)));
  std::map<std::string, std::string> set;
  const auto tags = in.tags();
  for (size_t i = 0; i < tags.size(); ++i) set[std::string(tags.key(i))] = tags.value(i);
  size_t added = 0;
  for (const auto& [key, value] : set) added += group.tags.contains(key) ? 0 : 1;
  if (group.tags.size() + added > kTagsMax) {
    co_return fail(errors::too_many_tags("A resource can have no more than 50 tags."));
  }
  const std::vector<std::string> removed;
  co_return named(co_await logs.logs.change_tags(call.realm, name, std::move(set), removed));
}

}  // namespace millrace::logs
