#include "services/s3/s3.h"

namespace millrace::s3 {

// AWS: the bucket is back at SSE-S3. See delete_bucket_encryption.test.
Task<void> delete_bucket_encryption(S3& s3, wire::Call& call, DeleteBucketEncryptionRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  co_return co_await s3.objects.set_protection(bucket.name, {});
}

}  // namespace millrace::s3
