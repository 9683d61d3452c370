#include "wire/auth/authorization.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/uri.h"
#include "wire/auth/limits.h"

namespace millrace::auth {
namespace {

using Parsed = std::expected<Authorization, AuthFailure>;

std::unexpected<AuthFailure> problem(AuthProblem what, std::string_view given = {}) {
  return std::unexpected(AuthFailure{what, std::string(given)});
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_signature(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// keyid/date/region/service/terminator. False where there are not five parts within the limits.
bool read_credential(std::string_view text, Authorization& out) {
  std::array<std::string_view, 5> parts;
  for (size_t i = 0; i < 4; ++i) {
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos) return false;
    parts[i] = text.substr(0, slash);
    text.remove_prefix(slash + 1);
  }
  parts[4] = text;
  if (text.contains('/') || parts[0].size() > limits::kAccessKeyIdBytesMax) return false;
  for (const std::string_view part : parts) {
    if (part.empty() || !is_printable(part)) return false;
  }
  for (size_t i = 1; i < 5; ++i) {
    if (parts[i].size() > limits::kScopePartBytesMax) return false;
  }
  out.access_key_id = parts[0];
  out.scope = {std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
  out.terminator = parts[4];
  return true;
}

bool read_signed_headers(std::string_view text, Authorization& out) {
  const auto names = split_signed_headers(text);
  if (!names) return false;
  out.signed_headers.assign(names->begin(), names->end());
  return true;
}

constexpr size_t kBasicBytes = 16;  // Of yyyymmddThhmmssZ; an HTTP date is longer.

struct Components {
  std::optional<std::string_view> credential, signed_headers, signature;
};

bool separates(char c) { return c == ',' || c == ' ' || c == '\t'; }

// `a=b` separated by commas, white space or both. False on anything else, or twice the same.
bool read_components(std::string_view text, Components& out) {
  while (true) {
    const auto* const begin = std::ranges::find_if_not(text, separates);
    if (begin == text.end()) return true;
    const auto* const end = std::find_if(begin, text.end(), separates);
    const std::string_view pair(begin, end);
    text = std::string_view(end, text.end());
    const size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    std::optional<std::string_view>* slot = name == "Credential"      ? &out.credential
                                            : name == "SignedHeaders" ? &out.signed_headers
                                            : name == "Signature"     ? &out.signature
                                                                      : nullptr;
    if (equals == std::string_view::npos || slot == nullptr || *slot) return false;
    *slot = pair.substr(equals + 1);
  }
}

std::string missing_sentences(const Components& components, bool has_date) {
  std::string out;
  if (!components.credential) out += "Authorization header requires 'Credential' parameter. ";
  if (!components.signature) out += "Authorization header requires 'Signature' parameter. ";
  if (!components.signed_headers) {
    out += "Authorization header requires 'SignedHeaders' parameter. ";
  }
  if (!has_date) {
    out += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (!out.empty()) out.pop_back();
  return out;
}

Parsed parse_header_value(std::string_view value, bool has_date) {
  if (value.size() > limits::kAuthorizationBytesMax) {
    return problem(AuthProblem::header_malformed, "the authorization header is too long.");
  }
  const size_t space = std::min(value.find(' '), value.size());
  const std::string_view algorithm = value.substr(0, space);
  if (algorithm != kAlgorithm) return problem(AuthProblem::unsupported_algorithm, algorithm);
  Components components;
  if (!read_components(value.substr(space), components)) {
    return problem(AuthProblem::header_malformed,
                   "a component is unknown, repeated or without a value.");
  }
  if (!components.credential || !components.signed_headers || !components.signature) {
    return problem(AuthProblem::header_incomplete, missing_sentences(components, has_date));
  }
  Authorization out;
  out.kind = AuthKind::header;
  if (!read_credential(*components.credential, out)) {
    return problem(AuthProblem::credential_malformed, *components.credential);
  }
  if (!read_signed_headers(*components.signed_headers, out)) {
    return problem(AuthProblem::header_malformed, "the SignedHeaders are malformed.");
  }
  if (!is_signature(*components.signature)) {
    return problem(AuthProblem::header_malformed, "the Signature is malformed.");
  }
  out.signature = *components.signature;
  return out;
}

// AWS: X-Amz-Date comes first; a Date header may be in the form of RFC 9110 or of ISO 8601.
std::expected<void, AuthFailure> read_date(const RequestView& request, Authorization& out) {
  const HeaderView* header = find_header(request.headers, "x-amz-date");
  const bool amz = header != nullptr;
  if (!amz) header = find_header(request.headers, "date");
  if (header == nullptr) return problem(AuthProblem::date_missing);
  auto time = parse_iso8601_basic(header->value);
  if (!time && !amz) time = parse_http_date(header->value);
  if (!time) return problem(AuthProblem::date_malformed, header->value.substr(0, 64));
  out.time = *time;
  // What was parsed in that form is as it would be written.
  const bool basic = header->value.size() == kBasicBytes;
  out.iso_time = basic ? std::string(header->value) : to_iso8601_basic(*time);
  return {};
}

Parsed parse_header_form(const RequestView& request, std::string_view value) {
  const bool has_date = find_header(request.headers, "x-amz-date") != nullptr ||
                        find_header(request.headers, "date") != nullptr;
  auto out = parse_header_value(value, has_date);
  if (!out) return out;
  if (auto dated = read_date(request, *out); !dated) return std::unexpected(dated.error());
  if (const HeaderView* token = find_header(request.headers, "x-amz-security-token")) {
    if (token->value.size() > limits::kSessionTokenBytesMax) {
      return problem(AuthProblem::token_invalid);
    }
    out->session_token = token->value;
  }
  return out;
}

std::expected<void, AuthFailure> read_expires(std::string_view text, Authorization& out) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc::result_out_of_range) return problem(AuthProblem::expires_too_long);
  if (code != std::errc() || end != text.data() + text.size()) {
    return problem(AuthProblem::expires_not_number);
  }
  if (value < 0) return problem(AuthProblem::expires_negative);
  if (value > limits::kPresignedSecondsMax) return problem(AuthProblem::expires_too_long);
  out.expires = seconds(value);
  return {};
}

// The parameters of a presigned URL. A repeated one is malformed: two readers could differ.
struct Presigned {
  const std::string* algorithm = nullptr;
  const std::string* credential = nullptr;
  const std::string* date = nullptr;
  const std::string* expires = nullptr;
  const std::string* signed_headers = nullptr;
  const std::string* signature = nullptr;
  const std::string* token = nullptr;
};

bool collect(const QueryParameters& query, Presigned& out) {
  for (const auto& [name, value] : query) {
    const std::string** slot = name == "X-Amz-Algorithm"        ? &out.algorithm
                               : name == "X-Amz-Credential"     ? &out.credential
                               : name == "X-Amz-Date"           ? &out.date
                               : name == "X-Amz-Expires"        ? &out.expires
                               : name == "X-Amz-SignedHeaders"  ? &out.signed_headers
                               : name == "X-Amz-Signature"      ? &out.signature
                               : name == "X-Amz-Security-Token" ? &out.token
                                                                : nullptr;
    if (slot == nullptr) continue;
    if (*slot != nullptr) return false;
    *slot = &value;
  }
  return true;
}

std::string missing_parameters(const Presigned& given) {
  std::string out;
  const auto require = [&out](const std::string* value, std::string_view name) {
    if (value != nullptr) return;
    out.append("AWS query-string parameters must include '").append(name).append("'. ");
  };
  require(given.algorithm, "X-Amz-Algorithm");
  require(given.credential, "X-Amz-Credential");
  require(given.signature, "X-Amz-Signature");
  require(given.signed_headers, "X-Amz-SignedHeaders");
  require(given.date, "X-Amz-Date");
  if (!out.empty()) out.pop_back();
  return out;
}

Parsed parse_query_form(const QueryParameters& query) {
  Presigned given;
  if (!collect(query, given)) {
    return problem(AuthProblem::query_malformed, "An X-Amz- parameter is given twice.");
  }
  if (const std::string missing = missing_parameters(given); !missing.empty()) {
    return problem(AuthProblem::query_incomplete, missing);
  }
  if (*given.algorithm != kAlgorithm) {
    return problem(AuthProblem::query_malformed,
                   "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and "
                   "AWS4-ECDSA-P256-SHA256\"");
  }
  Authorization out;
  out.kind = AuthKind::presigned;
  if (!read_credential(*given.credential, out)) {
    return problem(AuthProblem::query_credential_malformed,
                   std::string_view(*given.credential).substr(0, 256));
  }
  const auto time = parse_iso8601_basic(*given.date);
  if (!time) {
    return problem(AuthProblem::query_date_malformed, std::string_view(*given.date).substr(0, 64));
  }
  out.time = *time;
  out.iso_time = *given.date;
  if (given.expires != nullptr) {
    if (auto read = read_expires(*given.expires, out); !read) {
      return std::unexpected(read.error());
    }
  }
  if (!read_signed_headers(*given.signed_headers, out)) {
    return problem(AuthProblem::query_malformed, "X-Amz-SignedHeaders is malformed.");
  }
  if (!is_signature(*given.signature)) return problem(AuthProblem::signature_mismatch);
  out.signature = *given.signature;
  if (given.token != nullptr) {
    if (given.token->size() > limits::kSessionTokenBytesMax) {
      return problem(AuthProblem::token_invalid);
    }
    out.session_token = *given.token;
  }
  return out;
}

bool claims_presigned(std::string_view query) {
  return query.contains("X-Amz-Algorithm=") || query.contains("X-Amz-Signature=") ||
         query.contains("X-Amz-Credential=");
}

}  // namespace

Parsed parse_authorization_header(std::string_view value) {
  return parse_header_value(value, true);
}

Parsed parse_authorization(const RequestView& request) {
  const HeaderView* header = find_header(request.headers, "authorization");
  const bool presigned = claims_presigned(request.query);
  if (header != nullptr && presigned) return problem(AuthProblem::two_mechanisms);
  if (header != nullptr) {
    const auto count = std::ranges::count_if(request.headers, [](const HeaderView& h) {
      return http::equal_ignoring_case(h.name, "authorization");
    });
    if (count > 1) return problem(AuthProblem::two_mechanisms);
    return parse_header_form(request, header->value);
  }
  if (!presigned) return Authorization{};
  if (request.query.size() > limits::kQueryBytesMax) return problem(AuthProblem::uri_malformed);
  const auto query = parse_query(request.query, true);
  if (!query || query->size() > limits::kQueryParametersMax) {
    return problem(AuthProblem::uri_malformed);
  }
  return parse_query_form(*query);
}

std::optional<CredentialScope> peek_scope(const RequestView& request, const Claim& claim) {
  if (!claim) return peek_scope(request);
  if (claim->kind == AuthKind::anonymous) return std::nullopt;
  return claim->scope;
}

std::optional<CredentialScope> peek_scope(const RequestView& request) {
  Authorization out;
  if (const HeaderView* header = find_header(request.headers, "authorization")) {
    const size_t space = header->value.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    if (header->value.size() > limits::kAuthorizationBytesMax) return std::nullopt;
    Components components;
    read_components(header->value.substr(space), components);
    if (!components.credential || !read_credential(*components.credential, out)) {
      return std::nullopt;
    }
    return out.scope;
  }
  if (!claims_presigned(request.query) || request.query.size() > limits::kQueryBytesMax) {
    return std::nullopt;
  }
  const auto query = parse_query(request.query, true);
  if (!query) return std::nullopt;
  const std::string* credential = find_parameter(*query, "X-Amz-Credential");
  if (credential == nullptr || !read_credential(*credential, out)) return std::nullopt;
  return out.scope;
}

}  // namespace millrace::auth
