#include "services/s3/policies/public_access.h"

namespace millrace::s3 {

Task<void> delete_bucket_ownership_controls(S3& s3, wire::Call& call,
                                            DeleteBucketOwnershipControlsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  co_return co_await keep_object_ownership(s3, std::string(in.bucket()), std::nullopt);
}

}  // namespace millrace::s3
