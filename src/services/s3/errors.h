// The errors of S3: code, status and text. The texts are AWS's.
// Source: S3 API Reference, "Error responses".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::s3 {

enum class Problem {
  access_denied,
  access_forbidden,
  bad_digest,
  bad_request,
  bucket_already_exists,
  bucket_already_owned_by_you,
  bucket_not_empty,
  cross_location_logging_prohibited,
  encryption_configuration_not_found,
  entity_too_large,
  entity_too_small,
  id_mismatch,
  illegal_location_constraint,
  incomplete_body,
  invalid_argument,
  invalid_bucket_acl,
  invalid_bucket_name,
  invalid_bucket_state,
  invalid_configuration_id,
  invalid_encryption_algorithm,
  invalid_location_constraint,
  invalid_object_state,
  invalid_part,
  invalid_part_number,
  invalid_part_order,
  invalid_policy_document,
  invalid_range,
  invalid_request,
  invalid_retention_period,
  invalid_s3_destination_bucket,
  invalid_storage_class,
  invalid_tag,
  invalid_target_bucket_for_logging,
  invalid_uri,
  key_too_long,
  malformed_post_request,
  malformed_xml,
  max_post_pre_data_length_exceeded,
  metadata_too_large,
  method_not_allowed,
  missing_content_length,
  missing_request_body,
  no_such_bucket,
  no_such_configuration,
  no_such_cors_configuration,
  no_such_key,
  no_such_lifecycle_configuration,
  no_such_object_lock_configuration,
  no_such_tag_set,
  no_such_upload,
  no_such_version,
  no_such_website_configuration,
  not_implemented,
  not_modified,
  object_lock_configuration_not_found,
  precondition_failed,
  replication_configuration_not_found,
  request_timeout,
  restore_already_in_progress,
  too_many_buckets,
  too_many_configurations,
};

using Details = std::vector<std::pair<std::string, std::string>>;

// With the text that AWS gives, unless there is another one.
Error problem(Problem what, Details details = {}, std::string_view message = {});
// InvalidArgument, which names the argument.
Error invalid_argument(std::string_view message, std::string_view name, std::string_view value);
Error invalid_request(std::string_view message);
Error not_implemented(std::string_view what);

}  // namespace millrace::s3
