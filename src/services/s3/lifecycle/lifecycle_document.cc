#include "services/s3/lifecycle/lifecycle_document.h"

#include <fmt/format.h>

#include "base/uri.h"

namespace millrace::s3 {
namespace {

template <class View>
void read_sizes(const View& from, LifecycleScope& scope) {
  if (from.has_object_size_greater_than()) {
    scope.larger_than = static_cast<uint64_t>(from.object_size_greater_than());
  }
  if (from.has_object_size_less_than()) {
    scope.smaller_than = static_cast<uint64_t>(from.object_size_less_than());
  }
}

LifecycleScope scope_of(const api::LifecycleRule& rule) {
  LifecycleScope out;
  out.prefix = rule.prefix();
  const api::LifecycleRuleFilter filter = rule.filter();
  if (!filter) return out;
  if (filter.has_prefix()) out.prefix = filter.prefix();
  if (filter.has_tag()) out.tags.emplace(filter.tag().key(), filter.tag().value());
  read_sizes(filter, out);
  const api::LifecycleRuleAndOperator both = filter.and_();
  if (!both) return out;
  out.prefix = both.prefix();
  for (const api::Tag tag : both.tags()) out.tags.emplace(tag.key(), tag.value());
  read_sizes(both, out);
  return out;
}

template <class View>
LifecycleTerm term_of(const View& from) {
  LifecycleTerm out{.days = from.days(), .date = {}};
  if (from.has_date()) out.date = from.date();
  return out;
}

LifecycleRule rule_of(const api::LifecycleRule& from) {
  LifecycleRule out;
  out.id = from.id();
  out.scope = scope_of(from);
  if (const api::LifecycleExpiration expiration = from.expiration()) {
    if (expiration.has_days() || expiration.has_date()) out.expiration = term_of(expiration);
    out.expired_markers = expiration.expired_object_delete_marker();
  }
  for (const api::Transition move : from.transitions()) {
    out.moves.push_back({term_of(move), std::string(move.storage_class()), 0});
  }
  if (const auto expiration = from.noncurrent_version_expiration()) {
    out.noncurrent_expiration = {expiration.noncurrent_days(),
                                 expiration.newer_noncurrent_versions()};
  }
  for (const api::NoncurrentVersionTransition move : from.noncurrent_version_transitions()) {
    out.noncurrent_moves.push_back({{.days = move.noncurrent_days(), .date = {}},
                                    std::string(move.storage_class()),
                                    move.newer_noncurrent_versions()});
  }
  if (const auto abort = from.abort_incomplete_multipart_upload()) {
    out.abort_after_days = abort.days_after_initiation();
  }
  return out;
}

}  // namespace

LifecycleRules lifecycle_rules(const api::GetBucketLifecycleConfigurationOutput& configuration) {
  LifecycleRules out;
  if (!configuration) return out;
  out.smallest_moved_everywhere =
      configuration.transition_default_minimum_object_size() != "varies_by_storage_class";
  for (const api::LifecycleRule rule : configuration.rules()) {
    if (rule.status() == "Enabled") out.rules.push_back(rule_of(rule));
  }
  return out;
}

Result<LifecycleRules> find_lifecycle_rules(const objects::Objects& objects,
                                            std::string_view bucket) {
  TRY(const std::optional<objects::Setting> setting,
      objects.setting(bucket, configuration::kLifecycle));
  if (!setting) return LifecycleRules();
  Arena arena;
  TRY(const auto found,
      read_configuration<api::GetBucketLifecycleConfigurationOutput>(*setting, arena));
  return lifecycle_rules(found);
}

// AWS: the rule's id is URL-encoded. See lifecycle_run_test.cc.
Result<std::string> expiration_header(const objects::Objects& objects, const objects::Entry& entry,
                                      const std::map<std::string, std::string>& tags) {
  TRY(const LifecycleRules rules, find_lifecycle_rules(objects, entry.bucket));
  if (rules.rules.empty()) return std::string();
  const LifecycleSubject subject{.key = entry.object_key,
                                 .size_bytes = entry.size_bytes,
                                 .storage_class = entry.storage_class,
                                 .tags = tags,
                                 .made = entry.modified};
  const auto end = expected_expiration(rules, subject);
  if (!end) return std::string();
  return fmt::format("expiry-date=\"{}\", rule-id=\"{}\"", to_http_date(end->at),
                     uri_encode(end->rule));
}

Result<std::optional<AbortDate>> abort_date(const objects::Objects& objects,
                                            const objects::Upload& upload) {
  TRY(const LifecycleRules rules, find_lifecycle_rules(objects, upload.bucket));
  const auto end = expected_abort(rules, upload.object_key, upload.started);
  if (!end) return std::nullopt;
  return AbortDate{end->at, std::string(end->rule)};
}

}  // namespace millrace::s3
