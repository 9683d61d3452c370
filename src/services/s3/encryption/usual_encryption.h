// The default encryption of a bucket, as its document says it and as the engine keeps it. Pure.
// Source: S3 API Reference, PutBucketEncryption.
#pragma once

#include "services/s3/s3.h"

namespace millrace::s3 {

// AWS: one rule, whose default names an algorithm; a key goes with KMS only. See
// put_bucket_encryption.test.
//
// Errors: MalformedXML, InvalidArgument, NotImplemented (aws:kms:dsse).
Result<objects::UsualProtection> read_usual_encryption(
    const api::ServerSideEncryptionConfiguration& configuration);

// Not of Guard::none.
void write_usual_encryption(const api::ServerSideEncryptionConfiguration& out,
                            const objects::UsualProtection& usual);

}  // namespace millrace::s3
