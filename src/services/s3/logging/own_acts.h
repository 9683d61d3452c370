// Lines of a log that no request of its own caused: what the lifecycle did, and the keys of a
// DeleteObjects. Source: S3 User Guide, "How S3 Lifecycle interacts with other bucket
// configurations", "Amazon S3 server access log format".
#pragma once

#include <string>
#include <string_view>

#include "services/s3/logging/access_line.h"
#include "services/s3/s3.h"

namespace millrace::s3 {

// AWS: each action of the lifecycle has an operation, and AmazonS3 is its requester. See
// tests/conformance/s3_logging_test.py.
inline constexpr std::string_view kExpired = "S3.EXPIRE.OBJECT";
inline constexpr std::string_view kMarked = "S3.CREATE.DELETEMARKER";
inline constexpr std::string_view kUploadDeleted = "S3.DELETE.UPLOAD";
std::string_view transition_act(std::string_view storage_class);

// `entry`: what expired, was made or has moved.
std::string lifecycle_line(const objects::Bucket& bucket, Time time, std::string_view act,
                           const objects::Entry& entry);

// One key of a DeleteObjects. Empty members are written as `-`.
struct BatchDeletion {
  std::string_view bucket, key, version;
  std::string_view error_code;  // Empty: it succeeded.
  int status = 204;
  uint64_t size_bytes = 0;  // Of what was removed.
};
std::string batch_line(const S3& s3, const wire::Call& call, const BatchDeletion& deletion);

}  // namespace millrace::s3
