// The x-amz-copy-source header.
#pragma once

#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

// `/bucket/key?versionId=id`, percent-encoded, the first slash optional; and the caller may read
// that bucket, which may be in any region. Errors: InvalidArgument, those of check_key(),
// find_bucket() and check_version().
Result<objects::ObjectId> open_copy_source(const S3& s3, const wire::Call& call,
                                           std::string_view header,
                                           std::string_view expected_owner);

inline constexpr uint64_t kCopyBytesMax = uint64_t{5} << 30;

}  // namespace millrace::s3
