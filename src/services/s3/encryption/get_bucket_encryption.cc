#include "services/s3/encryption/usual_encryption.h"

namespace millrace::s3 {

// AWS: a bucket without a configuration of its own encrypts with SSE-S3, and says so. See
// get_bucket_encryption.test.
Task<GetBucketEncryptionOutput> get_bucket_encryption(S3& s3, wire::Call& call,
                                                      GetBucketEncryptionRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  objects::UsualProtection usual = bucket.protection;
  if (!usual.guard) usual.guard = s3.objects.usual_guard();
  // Only where the operator has it so (serve --plain-objects).
  if (usual.guard == objects::Guard::none) {
    co_return fail(problem(Problem::encryption_configuration_not_found,
                           {{"BucketName", std::string(in.bucket())}}));
  }
  auto out = call.make<GetBucketEncryptionOutput>();
  write_usual_encryption(out.make_server_side_encryption_configuration(), usual);
  co_return out;
}

}  // namespace millrace::s3
