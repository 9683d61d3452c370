#include "services/s3/encryption/data_keys.h"
#include "services/s3/encryption/usual_encryption.h"

namespace millrace::s3 {

// AWS: whether the key exists is not asked when it is named, but when it is used.
Task<void> put_bucket_encryption(S3& s3, wire::Call& call, PutBucketEncryptionRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(objects::UsualProtection wanted,
         read_usual_encryption(in.server_side_encryption_configuration()));
  // What writes into the bucket from inside takes the key where it is.
  if (wanted.guard == objects::Guard::named && wanted.name.empty()) {
    const Realm realm{bucket.owner, bucket.region};
    CO_TRY(co_await service_key(s3.keyring, realm));
  }
  co_return co_await s3.objects.set_protection(bucket.name, std::move(wanted));
}

}  // namespace millrace::s3
