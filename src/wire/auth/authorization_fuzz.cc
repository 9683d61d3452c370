// Feeds arbitrary Authorization headers, dates and query strings to the parsers and to verify().
#include <cstdint>

#include "base/result.h"
#include "wire/auth/key_fixture.h"
#include "wire/auth/sigv2.h"
#include "wire/auth/verify.h"

using namespace millrace;
using namespace millrace::auth;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Lines: path, query, x-amz-date, authorization; the rest is the body.
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string_view lines[4];
  for (std::string_view& line : lines) {
    const size_t end = rest.find('\n');
    line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  std::vector<HeaderView> headers = {{"host", "h"}, {"x-amz-date", lines[2]}};
  if (!lines[3].empty()) headers.push_back({"authorization", lines[3]});
  const RequestView request{"GET", lines[0], lines[1], headers};
  static_cast<void>(peek_scope(request));
  static_cast<void>(parse_authorization_header(lines[3]));
  static_cast<void>(string_to_sign_v2(request, lines[2]));
  KeyFixture keys({{.id = "AKID", .secret = "never in the input, so never a right signature"}});
  SigningKeys signing_keys(4);
  for (const VerifyRules& rules : {s3_rules("us-east-1"), service_rules("sts")}) {
    const auto verified =
        verify(request, rules, rest, {keys, signing_keys}, Time(seconds(1'440'938'160)));
    ASSERT(!verified || verified->kind == AuthKind::anonymous);
    if (!verified) static_cast<void>(to_error(verified.error(), ErrorFamily::s3));
  }
  return 0;
}
