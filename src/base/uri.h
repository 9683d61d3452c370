// Percent-encoding and query strings, as AWS uses them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace {

// Encodes every byte but A-Z a-z 0-9 - . _ ~ (and '/' when `keep_slash`), upper-case hex.
std::string uri_encode(std::string_view text, bool keep_slash = false);
// Decodes %XX; '+' stays '+'. Nothing where a % is not followed by two hex digits.
std::optional<std::string> uri_decode(std::string_view text);
// The same, and '+' becomes a space, as in application/x-www-form-urlencoded.
std::optional<std::string> form_decode(std::string_view text);

// Name and value, decoded, in order; a name without '=' has an empty value.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;
// Splits `a=b&c` and decodes it. Nothing where the escapes are malformed.
std::optional<QueryParameters> parse_query(std::string_view query, bool form = false);
// The first value of `name`, or null.
const std::string* find_parameter(const QueryParameters& query, std::string_view name);

}  // namespace millrace
