#include "services/logs/logs.h"

namespace millrace::logs {

Task<ListTagsForResourceResponse> list_tags_for_resource(Logs& logs, wire::Call& call,
                                                         ListTagsForResourceRequest in) {
  CO_TRY(const std::string name, group_of_arn(in.resource_arn()));
  CO_TRY(const metrics::LogGroup group, named(logs.logs.group(call.realm, name)));
  auto out = call.make<ListTagsForResourceResponse>();
  const auto tags = out.make_tags();
  for (const auto& [key, value] : group.tags) tags.set(key, value);
  co_return out;
}

}  // namespace millrace::logs
