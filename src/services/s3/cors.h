// CORS: which origins a bucket lets read its answers in a browser. Pure.
//
// A request is admitted by the first rule that names its origin and its method, and every header
// that a preflight asks for. Origins are compared as they are, headers without regard to case; one
// `*` in either stands for any text.
// Source: S3 User Guide, "Using cross-origin resource sharing (CORS)"; the Fetch standard.
// Limits: kCorsRulesMax rules of a bucket.
#pragma once

#include <string>
#include <string_view>

#include "api/s3.h"
#include "base/result.h"
#include "wire/http/headers.h"

namespace millrace::s3 {

inline constexpr size_t kCorsRulesMax = 100;

struct CorsRequest {
  std::string_view origin;
  std::string_view method;   // That is used, or that a preflight asks for.
  std::string_view headers;  // Access-Control-Request-Headers: names, separated by commas.
};

// Errors: InvalidRequest, MalformedXML, in AWS's words.
Result<void> check_cors(const api::CORSConfiguration& configuration);

// The first rule that admits the request, or a null view.
api::CORSRule find_cors_rule(const api::CORSConfiguration& configuration,
                             const CorsRequest& request);

// By what a browser is told that it may.
void add_cors_headers(const api::CORSRule& rule, const CorsRequest& request, http::Headers& out);

// Whether `text` is `pattern`, in which one `*` stands for any text.
bool matches_wildcard(std::string_view pattern, std::string_view text, bool ignore_case);

}  // namespace millrace::s3
