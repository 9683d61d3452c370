// The line that a request and its answer leave in a log.
#pragma once

#include <string>

#include "services/s3/logging/access_line.h"
#include "services/s3/s3.h"
#include "wire/http/message.h"

namespace millrace::s3 {

struct AccessNote {
  std::string bucket, key;
  bool website = false;
  Time began{};
};

// Empty where the bucket is not there. Reads rows, without waiting. What the answer says of itself
// is believed: a request whose signature was refused has no requester.
std::string access_line_of(const S3& s3, const http::Request& request,
                           const http::Response& response, const AccessNote& note);

}  // namespace millrace::s3
