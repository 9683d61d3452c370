#include "services/s3/digest_headers.h"

#include "wire/auth/checksum.h"

namespace millrace::s3 {

bool has_digest(const http::Request& request) {
  if (request.headers.find("content-md5")) return true;
  for (const auto& header : request.headers) {
    if (auth::parse_checksum_header(header.name)) return true;
    if (http::equal_ignoring_case(header.name, "x-amz-trailer")) return true;
  }
  return false;
}

}  // namespace millrace::s3
