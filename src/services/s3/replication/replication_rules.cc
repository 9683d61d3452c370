#include "services/s3/replication/replication_rules.h"

#include <fmt/format.h>

#include <set>

#include "services/s3/metadata.h"
#include "services/s3/tag_text.h"

namespace millrace::s3 {
namespace {

constexpr size_t kIdMax = 255;
constexpr std::string_view kBucketArn = "arn:aws:s3:::";

std::unexpected<Error> malformed() { return fail(problem(Problem::malformed_xml)); }
std::unexpected<Error> refuse(std::string_view message) { return fail(invalid_request(message)); }

// AWS: whose replica it becomes is said together with the account that it is.
Result<void> check_owner(const api::Destination& to) {
  if (!to.has_access_control_translation()) return {};
  if (!to.has_account()) return malformed();
  return {};
}

Result<void> check_destination(const S3& s3, const objects::Bucket& source,
                               const api::Destination& to) {
  if (!to.bucket().starts_with(kBucketArn)) {
    return fail(invalid_argument("Invalid bucket ARN", "Bucket", to.bucket()));
  }
  const Result<objects::Bucket> bucket = s3.objects.bucket(to.bucket().substr(kBucketArn.size()));
  if (!bucket) return refuse("Destination bucket must exist.");
  if (bucket->name == source.name) {
    return refuse("Destination bucket cannot be the same as the source bucket.");
  }
  if (bucket->versioning != objects::Versioning::enabled) {
    return refuse("Destination bucket must have versioning enabled.");
  }
  if (to.has_account() && to.account() != bucket->owner) {
    return fail(invalid_argument("Account in the destination must own the destination bucket",
                                 "Account", to.account()));
  }
  if (to.has_storage_class() && !read_storage_class(to.storage_class())) return malformed();
  return check_owner(to);
}

// What would be promised and not kept.
Result<void> refuse_unsupported(const api::ReplicationRule& rule) {
  const api::Destination to = rule.destination();
  if (to.replication_time().status() == "Enabled") {
    return fail(not_implemented("Replication Time Control"));
  }
  if (to.metrics().status() == "Enabled") return fail(not_implemented("Replication metrics"));
  const api::SourceSelectionCriteria criteria = rule.source_selection_criteria();
  if (criteria.replica_modifications().status() == "Enabled") {
    return fail(not_implemented("Replication of modifications of replicas"));
  }
  if (rule.existing_object_replication().status() == "Enabled") {
    return fail(not_implemented("Replication of existing objects"));
  }
  return {};
}

Result<void> check_filter(const api::ReplicationRuleFilter& filter) {
  const int predicates = int{filter.has_prefix()} + int{filter.has_tag()} + int{filter.has_and()};
  if (predicates > 1) return malformed();
  if (!filter.has_and()) return {};
  const api::ReplicationRuleAndOperator both = filter.and_();
  if (size_t{both.has_prefix()} + both.tags().size() < 2) return malformed();
  TRY(read_tags(both.tags()));
  return {};
}

// AWS: objects under a key of KMS are replicated under a key that the rule names, and only where it
// says so.
Result<void> check_encryption(const api::ReplicationRule& rule) {
  const bool key = rule.destination().encryption_configuration().has_replica_kms_key_id();
  const api::SourceSelectionCriteria criteria = rule.source_selection_criteria();
  const bool asked = criteria.sse_kms_encrypted_objects().status() == "Enabled";
  if (key && !criteria.has_sse_kms_encrypted_objects()) {
    return refuse(
        "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.");
  }
  if (asked && !key) {
    return refuse(
        "EncryptionConfiguration must be specified if SseKmsEncryptedObjects is present.");
  }
  return {};
}

bool has_tags(const api::ReplicationRuleFilter& filter) {
  return filter.has_tag() || !filter.and_().tags().empty();
}

// AWS: a rule with a filter is of the second form, which must say what it does with markers.
Result<void> check_form(const api::ReplicationRule& rule) {
  if (rule.has_prefix() && rule.has_filter()) return malformed();
  if (!rule.has_filter()) return {};
  constexpr std::string_view kOfThisVersion =
      "{} must be specified for this version of Cross Region Replication configuration schema. "
      "Please refer to S3 Developer Guide for more information.";
  if (!rule.has_priority()) {
    return refuse(fmt::format(fmt::runtime(kOfThisVersion), "Priority"));
  }
  if (!rule.has_delete_marker_replication()) {
    return refuse(fmt::format(fmt::runtime(kOfThisVersion), "DeleteMarkerReplication"));
  }
  TRY(check_filter(rule.filter()));
  if (has_tags(rule.filter()) && rule.delete_marker_replication().status() == "Enabled") {
    return refuse(
        "Delete marker replication is not supported if any Tag filter is specified. "
        "Please refer to S3 Developer Guide for more information.");
  }
  return {};
}

}  // namespace

Result<void> check_replication(const S3& s3, const objects::Bucket& source,
                               const api::ReplicationConfiguration& configuration) {
  if (source.versioning != objects::Versioning::enabled) {
    return refuse(
        "Versioning must be 'Enabled' on the bucket to apply a replication configuration");
  }
  const auto rules = configuration.rules();
  if (rules.empty() || rules.size() > kReplicationRulesMax) return malformed();
  if (!configuration.role().starts_with("arn:aws:iam::")) {
    return fail(invalid_argument("Invalid Role specified in replication configuration", "Role",
                                 configuration.role()));
  }
  if (parse_arn(configuration.role()).account != source.owner) {
    return fail(problem(Problem::access_denied, {}, "Cross-account pass role is not allowed."));
  }
  std::set<std::string_view> ids;
  std::set<int64_t> priorities;
  for (const api::ReplicationRule rule : rules) {
    if (rule.id().size() > kIdMax) {
      return fail(problem(Problem::invalid_argument, {},
                          "ID length should not exceed allowed limit of 255"));
    }
    if (rule.has_id() && !ids.insert(rule.id()).second) {
      return fail(problem(Problem::invalid_argument, {}, "Rule Id must be unique"));
    }
    TRY(check_form(rule));
    if (rule.has_priority() && !priorities.insert(rule.priority()).second) {
      return refuse(fmt::format("Found duplicate priority {}", rule.priority()));
    }
    TRY(refuse_unsupported(rule));
    TRY(check_encryption(rule));
    TRY(check_destination(s3, source, rule.destination()));
  }
  return {};
}

}  // namespace millrace::s3
