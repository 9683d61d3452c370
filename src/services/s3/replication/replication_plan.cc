#include "services/s3/replication/replication_plan.h"

#include <algorithm>

namespace millrace::s3 {
namespace {

constexpr std::string_view kBucketArn = "arn:aws:s3:::";
constexpr std::string_view kEnabled = "Enabled";

bool has_tag(const Replicable& version, const api::Tag& tag) {
  if (version.tags == nullptr) return false;
  const auto found = version.tags->find(std::string(tag.key()));
  return found != version.tags->end() && found->second == tag.value();
}

bool matches(const api::ReplicationRule& rule, const Replicable& version) {
  if (rule.has_prefix()) return version.key.starts_with(rule.prefix());
  const api::ReplicationRuleFilter filter = rule.filter();
  if (!filter) return true;
  if (filter.has_prefix()) return version.key.starts_with(filter.prefix());
  if (filter.has_tag()) return has_tag(version, filter.tag());
  if (!filter.has_and()) return true;
  const api::ReplicationRuleAndOperator both = filter.and_();
  if (!version.key.starts_with(both.prefix())) return false;
  for (const api::Tag tag : both.tags()) {
    if (!has_tag(version, tag)) return false;
  }
  return true;
}

bool covers(const api::ReplicationRule& rule, const Replicable& version) {
  if (version.marker) {
    // AWS: rules of the first form, which have no filter, take markers along.
    return !rule.has_filter() || rule.delete_marker_replication().status() == kEnabled;
  }
  if (version.guard != objects::Guard::named) return true;
  return rule.source_selection_criteria().sse_kms_encrypted_objects().status() == kEnabled;
}

}  // namespace

std::vector<ReplicationTarget> replication_targets(const api::ReplicationConfiguration& rules,
                                                   const Replicable& version) {
  std::map<std::string_view, api::ReplicationRule> best;
  for (const api::ReplicationRule rule : rules.rules()) {
    if (rule.status() != kEnabled || !matches(rule, version) || !covers(rule, version)) continue;
    const std::string_view to = rule.destination().bucket();
    const auto [found, fresh] = best.try_emplace(to, rule);
    if (!fresh && rule.priority() > found->second.priority()) found->second = rule;
  }
  std::vector<ReplicationTarget> out;
  for (const auto& [arn, rule] : best) {
    const api::Destination to = rule.destination();
    out.push_back({std::string(arn.substr(std::min(kBucketArn.size(), arn.size()))),
                   std::string(to.storage_class()),
                   std::string(to.encryption_configuration().replica_kms_key_id()),
                   std::string(rule.id()), to.has_access_control_translation()});
  }
  return out;
}

}  // namespace millrace::s3
