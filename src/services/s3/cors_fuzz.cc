// Any configuration, any request: what is found admits the request by the rule's own words.
#include <cstdlib>

#include "services/s3/cors.h"
#include "wire/protocols/document.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = all.find('\n');
  const std::string_view line = all.substr(0, end);
  const std::string_view text = end == std::string_view::npos ? "{}" : all.substr(end + 1);
  Arena arena;
  const auto value = wire::parse_document(s3::api::CORSConfiguration::kShape, text, arena);
  if (!value || value->type != wire::ValueType::structure) return 0;
  const s3::api::CORSConfiguration configuration(value->items, arena);
  (void)s3::check_cors(configuration);
  const size_t space = line.find(' ');
  const s3::CorsRequest request{line.substr(0, space), "GET",
                                space == std::string_view::npos ? "" : line.substr(space + 1)};
  const s3::api::CORSRule rule = s3::find_cors_rule(configuration, request);
  if (!rule) return 0;
  http::Headers headers;
  s3::add_cors_headers(rule, request, headers);
  const std::string* const origin = headers.find("Access-Control-Allow-Origin");
  if (origin == nullptr || (*origin != "*" && *origin != request.origin)) std::abort();
  return 0;
}
