// Whether a request came with a digest of its body, which the pipeline then has compared.
#pragma once

#include "base/result.h"
#include "wire/http/message.h"

namespace millrace::s3 {

// Content-MD5, x-amz-checksum-*, or a trailer with one.
bool has_digest(const http::Request& request);

// What an upload says of its checksum: one value, in a header or a trailer, of the algorithm that
// it names, if it names one. Errors: InvalidRequest; NotImplemented (an algorithm that AWS has).
Result<void> check_checksum_headers(const http::Request& request);

}  // namespace millrace::s3
