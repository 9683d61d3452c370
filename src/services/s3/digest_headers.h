// Whether a request came with a digest of its body, which the pipeline then has compared.
#pragma once

#include "wire/http/message.h"

namespace millrace::s3 {

// Content-MD5, x-amz-checksum-*, or a trailer with one.
bool has_digest(const http::Request& request);

}  // namespace millrace::s3
