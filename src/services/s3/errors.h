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
  access_control_list_not_supported,
  access_denied,
  bad_digest,
  bad_request,
  bucket_already_exists,
  bucket_already_owned_by_you,
  bucket_not_empty,
  entity_too_large,
  entity_too_small,
  illegal_location_constraint,
  incomplete_body,
  invalid_argument,
  invalid_bucket_acl,
  invalid_bucket_name,
  invalid_location_constraint,
  invalid_part,
  invalid_part_number,
  invalid_part_order,
  invalid_range,
  invalid_request,
  invalid_storage_class,
  invalid_tag,
  invalid_uri,
  key_too_long,
  malformed_xml,
  metadata_too_large,
  no_such_bucket,
  no_such_key,
  no_such_upload,
  not_implemented,
  not_modified,
  precondition_failed,
  request_timeout,
  too_many_buckets,
};

using Details = std::vector<std::pair<std::string, std::string>>;

// With the text that AWS gives, unless there is another one.
Error problem(Problem what, Details details = {}, std::string_view message = {});
// InvalidArgument, which names the argument.
Error invalid_argument(std::string_view message, std::string_view name, std::string_view value);
Error invalid_request(std::string_view message);
Error not_implemented(std::string_view what);

}  // namespace millrace::s3
