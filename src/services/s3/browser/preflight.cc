#include "services/s3/browser/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/s3/configurations.h"
#include "services/s3/cors.h"

namespace millrace::s3 {
namespace {

constexpr std::array<std::string_view, 5> kMethods = {"GET", "PUT", "HEAD", "POST", "DELETE"};

std::unexpected<Error> forbidden(std::string_view method, const RequestPlace& place,
                                 std::string_view message) {
  return fail(problem(
      Problem::access_forbidden,
      {{"Method", std::string(method)}, {"ResourceType", place.key.empty() ? "BUCKET" : "OBJECT"}},
      message));
}

}  // namespace

// AWS: which of these is said first is seen in tests/conformance/s3_browser_test.py.
Result<http::Response> answer_preflight(const S3& s3, const http::Request& request,
                                        const RequestPlace& place) {
  CorsRequest asked;
  asked.origin = request.headers.find("origin").value_or("");
  asked.method = request.headers.find("access-control-request-method").value_or("");
  asked.headers = request.headers.find("access-control-request-headers").value_or("");
  if (asked.origin.empty()) {
    return fail(problem(Problem::bad_request, {},
                        "Insufficient information. Origin request header needed."));
  }
  if (std::ranges::find(kMethods, asked.method) == kMethods.end()) {
    return fail(problem(Problem::bad_request, {},
                        fmt::format("Invalid Access-Control-Request-Method: {}",
                                    asked.method.empty() ? "null" : asked.method)));
  }
  const Result<objects::Bucket> bucket = s3.objects.bucket(place.bucket);
  if (!bucket) return forbidden(asked.method, place, "CORSResponse: Bucket not found");
  Arena arena;
  const ConfigurationId id{place.bucket, configuration::kCors};
  TRY(const auto rules, find_configuration<api::CORSConfiguration>(s3, id, arena));
  if (!rules) {
    return forbidden(asked.method, place, "CORSResponse: CORS is not enabled for this bucket.");
  }
  const api::CORSRule rule = find_cors_rule(rules, asked);
  if (!rule) return forbidden(asked.method, place, {});
  http::Response out;
  add_cors_headers(rule, asked, out.headers);
  out.headers.add("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
  return out;
}

}  // namespace millrace::s3
