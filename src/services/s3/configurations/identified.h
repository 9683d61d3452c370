// Configurations that a bucket has many of, each under an id: analytics, metrics, tiering,
// inventories. Threads: as the operations. Errors: InvalidConfigurationId, IdMismatch,
// NoSuchConfiguration, MalformedXML. Source: API Reference, PutBucketAnalyticsConfiguration and its
// kin.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "services/s3/configurations.h"

namespace millrace::s3 {

inline constexpr size_t kIdentifiedPage = 100;  // AWS's.

// AWS: the id is in the query and in the document; see put_bucket_metrics_configuration.test.
Result<void> check_configuration_id(std::string_view id, std::string_view in_document);

// A filter names a prefix, a tag, or several of these under And: one of the three.
template <class Filter>
Result<void> check_configuration_filter(const Filter& filter) {
  if (!filter) return {};
  const int named = int{filter.has_prefix()} + int{filter.has_tag()} + int{filter.has_and()};
  if (named == 1) return {};
  return fail(problem(Problem::malformed_xml));
}

template <class View>
Result<View> find_identified(const S3& s3, const ConfigurationId& id, Arena& arena) {
  TRY(View found, find_configuration<View>(s3, id, arena));
  if (!found) return fail(problem(Problem::no_such_configuration));
  return found;
}

// A page of them in `out`, but for its list: that of `views`. The token is the last id of the page
// before.
template <class View, class Out>
Result<std::vector<View>> list_identified(const S3& s3, const ConfigurationId& after, Out& out,
                                          Arena& arena) {
  TRY(std::vector<objects::Setting> found,
      s3.objects.settings(after.bucket, after.kind, after.id, kIdentifiedPage + 1));
  const bool more = found.size() > kIdentifiedPage;
  if (more) found.pop_back();
  if (!after.id.empty()) out.set_continuation_token(after.id);
  out.set_is_truncated(more);
  if (more) out.set_next_continuation_token(found.back().id);
  std::vector<View> views;
  for (const objects::Setting& setting : found) {
    TRY(const View one, read_configuration<View>(setting, arena));
    views.push_back(one);
  }
  return views;
}

}  // namespace millrace::s3
