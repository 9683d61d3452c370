#include "services/s3/lifecycle/lifecycle_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "services/s3/lifecycle/lifecycle_plan.h"
#include "services/s3/tag_text.h"

namespace millrace::s3 {
namespace {

constexpr size_t kIdMax = 255;
constexpr int64_t kDaysOfInfrequentAccess = 30;
constexpr int64_t kNewerVersionsMax = 100;

std::unexpected<Error> malformed() { return fail(problem(Problem::malformed_xml)); }

std::unexpected<Error> refuse(std::string_view message) {
  return fail(problem(Problem::invalid_argument, {}, message));
}

Result<void> check_days(bool given, int64_t days, std::string_view name, std::string_view action) {
  if (!given || days > 0) return {};
  return refuse(fmt::format("'{}' for {} action must be a positive integer", name, action));
}

Result<void> check_midnight(Time date) {
  if (std::chrono::floor<std::chrono::days>(date) == date) return {};
  return refuse("'Date' must be at midnight GMT");
}

bool has_tags(const api::LifecycleRule& rule) {
  const api::LifecycleRuleFilter filter = rule.filter();
  return filter && (filter.has_tag() || !filter.and_().tags().empty());
}

bool has_sizes(const api::LifecycleRule& rule) {
  const api::LifecycleRuleFilter filter = rule.filter();
  if (!filter) return false;
  const api::LifecycleRuleAndOperator both = filter.and_();
  return filter.has_object_size_greater_than() || filter.has_object_size_less_than() ||
         both.has_object_size_greater_than() || both.has_object_size_less_than();
}

Result<void> check_and(const api::LifecycleRuleAndOperator& both) {
  const size_t predicates = size_t{both.has_prefix()} + both.tags().size() +
                            size_t{both.has_object_size_greater_than()} +
                            size_t{both.has_object_size_less_than()};
  if (predicates < 2) return malformed();
  TRY(read_tags(both.tags()));
  const bool sizes = both.has_object_size_greater_than() && both.has_object_size_less_than();
  if (sizes && both.object_size_greater_than() >= both.object_size_less_than()) {
    return fail(invalid_request(
        "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."));
  }
  return {};
}

// A prefix of the old form, or a filter with one predicate, or with several in an And.
Result<void> check_scope(const api::LifecycleRule& rule) {
  if (rule.has_prefix() == rule.has_filter()) return malformed();
  if (!rule.has_filter()) return {};
  const api::LifecycleRuleFilter filter = rule.filter();
  const int predicates = int{filter.has_prefix()} + int{filter.has_tag()} +
                         int{filter.has_object_size_greater_than()} +
                         int{filter.has_object_size_less_than()} + int{filter.has_and()};
  if (predicates > 1) return malformed();
  if (filter.object_size_greater_than() < 0 || filter.object_size_less_than(1) < 1) {
    return malformed();
  }
  if (filter.has_and()) return check_and(filter.and_());
  return {};
}

Result<void> check_expiration(const api::LifecycleRule& rule) {
  const api::LifecycleExpiration expiration = rule.expiration();
  if (!expiration) return {};
  const int ways = int{expiration.has_date()} + int{expiration.has_days()} +
                   int{expiration.has_expired_object_delete_marker()};
  if (ways != 1) return malformed();
  TRY(check_days(expiration.has_days(), expiration.days(), "Days", "Expiration"));
  if (expiration.has_date()) TRY(check_midnight(expiration.date()));
  const bool markers = expiration.has_expired_object_delete_marker();
  if (markers && has_tags(rule)) {
    return fail(invalid_request("ExpiredObjectDeleteMarker cannot be specified with Tags."));
  }
  if (markers && has_sizes(rule)) return malformed();
  return {};
}

bool is_infrequent(std::string_view storage_class) {
  return storage_class == "STANDARD_IA" || storage_class == "ONEZONE_IA";
}

Result<void> check_transition(const api::LifecycleRule& rule, const api::Transition& transition) {
  if (!transition.has_storage_class() || transition.has_date() == transition.has_days()) {
    return malformed();
  }
  if (transition.has_date()) return check_midnight(transition.date());
  if (transition.days() < 0) return refuse("'Days' in Transition action must be nonnegative");
  if (is_infrequent(transition.storage_class()) && transition.days() < kDaysOfInfrequentAccess) {
    return refuse(
        fmt::format("'Days' in Transition action must be greater than or equal to {} for "
                    "storageClass '{}'",
                    kDaysOfInfrequentAccess, transition.storage_class()));
  }
  const api::LifecycleExpiration expiration = rule.expiration();
  if (expiration && expiration.has_days() && expiration.days() <= transition.days()) {
    return refuse(
        fmt::format("'Days' in the Expiration action for {} must be greater than 'Days' "
                    "in the Transition action",
                    lifecycle_scope(rule)));
  }
  return {};
}

// AWS: of two moves of a rule the one to the colder class comes later, and 30 days later where the
// other is to an infrequent access class. See put_bucket_lifecycle_configuration.test.
Result<void> check_order(const api::LifecycleRule& rule, const api::Transition& warm,
                         const api::Transition& cold) {
  if (!warm.has_days() || !cold.has_days()) return {};
  if (!is_colder(cold.storage_class(), warm.storage_class())) return {};
  const bool infrequent = is_infrequent(warm.storage_class());
  const int64_t least = infrequent ? kDaysOfInfrequentAccess : 0;
  if (cold.days() >= warm.days() + least) return {};
  return refuse(fmt::format(
      "'Days' in the 'Transition' action with StorageClass '{}' for {} must be {} 'Days' in the "
      "'Transition' action with StorageClass '{}'",
      cold.storage_class(), lifecycle_scope(rule),
      infrequent ? "30 days more than" : "greater than", warm.storage_class()));
}

Result<void> check_transitions(const api::LifecycleRule& rule) {
  std::set<std::string_view> classes;
  bool dates = rule.expiration() && rule.expiration().has_date();
  bool days = rule.expiration() && rule.expiration().has_days();
  for (const api::Transition transition : rule.transitions()) {
    TRY(check_transition(rule, transition));
    dates = dates || transition.has_date();
    days = days || transition.has_days();
    if (!classes.insert(transition.storage_class()).second) {
      return fail(invalid_request(
          fmt::format("'StorageClass' must be different for 'Transition' actions in same 'Rule' "
                      "with {}",
                      lifecycle_scope(rule))));
    }
  }
  for (const api::Transition warm : rule.transitions()) {
    for (const api::Transition cold : rule.transitions()) TRY(check_order(rule, warm, cold));
  }
  if (dates && days) {
    return fail(invalid_request(
        fmt::format("Found mixed 'Date' and 'Days' based Expiration and Transition actions in "
                    "lifecycle rule for {}",
                    lifecycle_scope(rule))));
  }
  return {};
}

// AWS: rules of the old form, with a prefix of their own, stand neither beside rules with a filter
// nor know how many versions to keep.
Result<void> check_forms(const api::BucketLifecycleConfiguration& configuration) {
  bool old = false;
  bool filtered = false;
  for (const api::LifecycleRule rule : configuration.rules()) {
    old = old || rule.has_prefix();
    filtered = filtered || rule.has_filter();
    bool counts = rule.noncurrent_version_expiration().has_newer_noncurrent_versions();
    for (const auto move : rule.noncurrent_version_transitions()) {
      counts = counts || move.has_newer_noncurrent_versions();
    }
    if (rule.has_prefix() && counts) {
      return fail(
          invalid_request("NewerNoncurrentVersions element can only be used in Lifecycle V2."));
    }
  }
  if (!old || !filtered) return {};
  return fail(invalid_request("Filter element can only be used in Lifecycle V2."));
}

Result<void> check_newer_versions(bool given, int64_t count, std::string_view action) {
  if (!given || (count > 0 && count <= kNewerVersionsMax)) return {};
  return refuse(fmt::format("'NewerNoncurrentVersions' for {} action must be between 1 and {}",
                            action, kNewerVersionsMax));
}

Result<void> check_noncurrent(const api::LifecycleRule& rule) {
  const api::NoncurrentVersionExpiration expiration = rule.noncurrent_version_expiration();
  if (expiration) {
    if (!expiration.has_noncurrent_days()) return malformed();
    TRY(check_days(true, expiration.noncurrent_days(), "NoncurrentDays",
                   "NoncurrentVersionExpiration"));
    TRY(check_newer_versions(expiration.has_newer_noncurrent_versions(),
                             expiration.newer_noncurrent_versions(),
                             "NoncurrentVersionExpiration"));
  }
  for (const api::NoncurrentVersionTransition transition : rule.noncurrent_version_transitions()) {
    if (!transition.has_storage_class() || !transition.has_noncurrent_days()) return malformed();
    if (transition.noncurrent_days() < 0) {
      return refuse("'NoncurrentDays' in NoncurrentVersionTransition action must be nonnegative");
    }
    if (is_infrequent(transition.storage_class()) &&
        transition.noncurrent_days() < kDaysOfInfrequentAccess) {
      return refuse(fmt::format(
          "'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or equal to "
          "{} for storageClass '{}'",
          kDaysOfInfrequentAccess, transition.storage_class()));
    }
    TRY(check_newer_versions(transition.has_newer_noncurrent_versions(),
                             transition.newer_noncurrent_versions(),
                             "NoncurrentVersionTransition"));
    if (expiration && expiration.noncurrent_days() <= transition.noncurrent_days()) {
      return refuse(fmt::format(
          "'NoncurrentDays' in the NoncurrentVersionExpiration action for {} must be greater than "
          "'NoncurrentDays' in the NoncurrentVersionTransition action",
          lifecycle_scope(rule)));
    }
  }
  return {};
}

Result<void> check_abort(const api::LifecycleRule& rule) {
  const api::AbortIncompleteMultipartUpload abort = rule.abort_incomplete_multipart_upload();
  if (!abort) return {};
  if (!abort.has_days_after_initiation()) return malformed();
  TRY(check_days(true, abort.days_after_initiation(), "DaysAfterInitiation",
                 "AbortIncompleteMultipartUpload"));
  if (has_tags(rule)) {
    return fail(invalid_request("AbortIncompleteMultipartUpload cannot be specified with Tags."));
  }
  if (has_sizes(rule)) {
    return fail(
        invalid_request("AbortIncompleteMultipartUpload cannot be specified with Object Size."));
  }
  return {};
}

bool has_action(const api::LifecycleRule& rule) {
  return rule.has_expiration() || !rule.transitions().empty() ||
         rule.has_noncurrent_version_expiration() ||
         !rule.noncurrent_version_transitions().empty() ||
         rule.has_abort_incomplete_multipart_upload();
}

}  // namespace

std::string lifecycle_scope(const api::LifecycleRule& rule) {
  if (rule.has_prefix()) return fmt::format("prefix '{}'", rule.prefix());
  const api::LifecycleRuleFilter filter = rule.filter();
  std::string inside;
  const auto add = [&inside](const std::string& text) {
    if (!inside.empty()) inside += " and ";
    inside += text;
  };
  const auto add_tag = [&add](const api::Tag& tag) {
    add(fmt::format("tag: key={}, value={}", tag.key(), tag.value()));
  };
  if (filter.has_and()) {
    if (filter.and_().has_prefix()) add(fmt::format("prefix={}", filter.and_().prefix()));
    for (const api::Tag tag : filter.and_().tags()) add_tag(tag);
  }
  if (filter.has_prefix()) add(fmt::format("prefix={}", filter.prefix()));
  if (filter.has_tag()) add_tag(filter.tag());
  return fmt::format("filter '({})'", inside.empty() ? "prefix=" : inside);
}

Result<void> check_lifecycle(const api::BucketLifecycleConfiguration& configuration) {
  const auto rules = configuration.rules();
  if (rules.empty() || rules.size() > kLifecycleRulesMax) return malformed();
  std::set<std::string_view> ids;
  for (const api::LifecycleRule rule : rules) {
    if (rule.id().size() > kIdMax) {
      return refuse("ID length should not exceed allowed limit of 255");
    }
    if (rule.has_id() && !ids.insert(rule.id()).second) {
      return refuse("Rule ID must be unique. Found same ID for more than one rule");
    }
    TRY(check_scope(rule));
    if (!has_action(rule)) {
      return fail(invalid_request("At least one action needs to be specified in a rule"));
    }
    TRY(check_expiration(rule));
    TRY(check_transitions(rule));
    TRY(check_noncurrent(rule));
    TRY(check_abort(rule));
  }
  return check_forms(configuration);
}

}  // namespace millrace::s3
