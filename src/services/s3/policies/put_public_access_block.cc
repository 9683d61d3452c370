#include "services/s3/policies/public_access.h"

namespace millrace::s3 {

// What the document does not name is off.
Task<void> put_public_access_block(S3& s3, wire::Call& call, PutPublicAccessBlockRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const api::PublicAccessBlockConfiguration given = in.public_access_block_configuration();
  const PublicAccessBlock block{.block_acls = given.block_public_acls(false),
                                .ignore_acls = given.ignore_public_acls(false),
                                .block_policy = given.block_public_policy(false),
                                .restrict_buckets = given.restrict_public_buckets(false)};
  co_return co_await keep_public_access_block(s3, std::string(in.bucket()), block);
}

}  // namespace millrace::s3
