#include "services/s3/digest_headers.h"

#include <algorithm>
#include <optional>

#include "services/s3/errors.h"
#include "wire/auth/checksum.h"

namespace millrace::s3 {
namespace {

constexpr std::string_view kPrefix = "x-amz-checksum-";
// Headers that begin as those of values do, and are none.
constexpr std::string_view kNoValues[] = {"algorithm", "mode", "type"};

// The part of a header's name behind x-amz-checksum-; nothing for other headers.
std::optional<std::string_view> algorithm_in(std::string_view header) {
  if (header.size() <= kPrefix.size() ||
      !http::equal_ignoring_case(header.substr(0, kPrefix.size()), kPrefix)) {
    return std::nullopt;
  }
  const std::string_view name = header.substr(kPrefix.size());
  const bool no_value = std::ranges::any_of(
      kNoValues, [name](std::string_view known) { return http::equal_ignoring_case(known, name); });
  if (no_value) return std::nullopt;
  return name;
}

Result<auth::ChecksumKind> known_algorithm(std::string_view name) {
  if (const auto kind = auth::parse_checksum_name(name)) return *kind;
  if (auth::is_other_checksum(name)) {
    return fail(not_implemented("The checksum " + std::string(kPrefix) + std::string(name)));
  }
  return fail(
      invalid_request("The algorithm type you specified in x-amz-checksum- header is "
                      "invalid."));
}

}  // namespace

bool has_digest(const http::Request& request) {
  if (request.headers.find("content-md5")) return true;
  for (const auto& header : request.headers) {
    if (auth::parse_checksum_header(header.name)) return true;
    if (http::equal_ignoring_case(header.name, "x-amz-trailer")) return true;
  }
  return false;
}

Result<void> check_checksum_headers(const http::Request& request) {
  std::optional<auth::ChecksumKind> given;
  for (const auto& header : request.headers) {
    std::optional<std::string_view> name = algorithm_in(header.name);
    const bool trailer = http::equal_ignoring_case(header.name, "x-amz-trailer");
    if (trailer) name = algorithm_in(header.value);
    if (!name) continue;
    TRY(const auth::ChecksumKind kind, known_algorithm(*name));
    if (given) {
      return fail(invalid_request(
          trailer || *given == kind
              ? "Expecting a single x-amz-checksum- header"
              : "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                "allowed."));
    }
    given = kind;
  }
  const auto named = request.headers.find("x-amz-sdk-checksum-algorithm");
  if (!named || named->empty()) return {};
  const auto kind = auth::parse_checksum_name(*named);
  if (!kind || (given && *given != *kind)) {
    return fail(invalid_request("Value for x-amz-sdk-checksum-algorithm header is invalid."));
  }
  if (given) return {};
  return fail(invalid_request(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
      "x-amz-trailer headers were found."));
}

}  // namespace millrace::s3
