#include "wire/auth/sigv4.h"

#include <algorithm>

#include "base/hash.h"
#include "base/uri.h"
#include "wire/auth/limits.h"
#include "wire/http/message.h"

namespace millrace::auth {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_lower_token(std::string_view name) {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~:";
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kOthers.contains(c);
  });
}

void append_trimmed(std::string& out, std::string_view value) {
  size_t i = 0;
  bool first = true;
  while (true) {
    while (i < value.size() && is_space(value[i])) ++i;
    if (i == value.size()) return;
    const size_t begin = i;
    while (i < value.size() && !is_space(value[i])) ++i;
    if (!first) out.push_back(' ');
    first = false;
    out.append(value.substr(begin, i - begin));
  }
}

// Resolves empty, `.` and `..` segments; keeps a trailing slash (RFC 3986, 5.2.4).
std::string normalize(std::string_view path) {
  std::vector<std::string_view> kept;
  bool slash_last = true;
  while (!path.empty()) {
    const size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    slash_last = end != std::string_view::npos || segment == "." || segment == "..";
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  if (slash_last || out.empty()) out.push_back('/');
  return out;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

// Decodes and encodes each segment on its own, so that an escaped slash stays one.
// AWS: a plus sign in the path of a request to S3 is a space, as in forms; a key's own is escaped.
// See tests/conformance/s3_addresses_test.py.
std::optional<std::string> encode_once(std::string_view path) {
  if (std::ranges::all_of(path, is_plain)) return std::string(path);
  std::string out;
  while (true) {
    const size_t end = path.find('/');
    const auto segment = form_decode(path.substr(0, end));
    if (!segment) return std::nullopt;
    out += uri_encode(*segment);
    if (end == std::string_view::npos) return out;
    out.push_back('/');
    path.remove_prefix(end + 1);
  }
}

}  // namespace

std::string CredentialScope::text() const {
  std::string out;
  out.reserve(date.size() + region.size() + service.size() + kTerminator.size() + 3);
  out.append(date).append("/").append(region).append("/").append(service).append("/");
  return out.append(kTerminator);
}

RequestView view_of(const http::Request& request) {
  return {request.method,
          request.path,
          request.query,
          {request.headers.begin(), request.headers.end()}};
}

const HeaderView* find_header(std::span<const HeaderView> headers, std::string_view name) {
  for (const HeaderView& header : headers) {
    if (http::equal_ignoring_case(header.name, name)) return &header;
  }
  return nullptr;
}

std::optional<std::string> canonical_path(std::string_view path, PathRule rule) {
  if (path.size() > limits::kPathBytesMax) return std::nullopt;
  if (path.empty()) path = "/";
  std::string normalized;
  if (rule.normalized) {
    normalized = normalize(path.starts_with('/') ? path.substr(1) : path);
    path = normalized;
  }
  if (rule.encoded_twice) return uri_encode(path, true);
  return encode_once(path);
}

std::optional<std::string> canonical_query(std::string_view query,
                                           std::span<const std::string_view> without) {
  if (query.empty()) return std::string();
  if (query.size() > limits::kQueryBytesMax) return std::nullopt;
  // AWS: a plus sign in a query is a space, as in forms.
  auto parameters = parse_query(query, true);
  if (!parameters || parameters->size() > limits::kQueryParametersMax) return std::nullopt;
  std::erase_if(*parameters, [&](const auto& parameter) {
    return std::ranges::find(without, parameter.first) != without.end();
  });
  for (auto& [name, value] : *parameters) {
    name = uri_encode(name);
    value = uri_encode(value);
  }
  std::ranges::sort(*parameters);
  std::string out;
  out.reserve(query.size() + 16);
  for (const auto& [name, value] : *parameters) {
    if (!out.empty()) out.push_back('&');
    out.append(name).append("=").append(value);
  }
  return out;
}

void append_canonical_headers(std::string& out, std::span<const HeaderView> headers,
                              std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    out.append(name).push_back(':');
    bool first = true;
    for (const HeaderView& header : headers) {
      if (!http::equal_ignoring_case(header.name, name)) continue;
      if (!first) out.push_back(',');
      first = false;
      append_trimmed(out, header.value);
    }
    out.push_back('\n');
  }
}

std::string canonical_request(const RequestView& request, const CanonicalParts& parts) {
  std::string out;
  out.reserve(512 + parts.path.size() + parts.query.size());
  out.append(request.method).append("\n").append(parts.path).append("\n");
  out.append(parts.query).append("\n");
  append_canonical_headers(out, request.headers, parts.signed_headers);
  out.push_back('\n');
  for (size_t i = 0; i < parts.signed_headers.size(); ++i) {
    if (i > 0) out.push_back(';');
    out.append(parts.signed_headers[i]);
  }
  return out.append("\n").append(parts.payload_hash);
}

std::string string_to_sign(std::string_view iso_time, const CredentialScope& scope,
                           std::string_view canonical_request) {
  std::string out;
  out.reserve(256);
  out.append(kAlgorithm).append("\n").append(iso_time).append("\n");
  out.append(scope.date).append("/").append(scope.region).append("/").append(scope.service);
  out.append("/").append(kTerminator);
  return out.append("\n").append(to_hex(sha256(canonical_request)));
}

Bytes derive_signing_key(std::string_view secret, const CredentialScope& scope) {
  std::string start = "AWS4";
  start.append(secret);
  Bytes key = hmac_sha256(start, scope.date);
  key = hmac_sha256(key, scope.region);
  key = hmac_sha256(key, scope.service);
  return hmac_sha256(key, kTerminator);
}

std::string sign(BytesView signing_key, std::string_view string_to_sign) {
  return to_hex(hmac_sha256(signing_key, string_to_sign));
}

std::optional<std::vector<std::string_view>> split_signed_headers(std::string_view text) {
  std::vector<std::string_view> names;
  while (true) {
    const size_t end = text.find(';');
    const std::string_view name = text.substr(0, end);
    if (!is_lower_token(name) || names.size() == limits::kSignedHeadersMax) return std::nullopt;
    if (std::ranges::find(names, name) != names.end()) return std::nullopt;
    names.push_back(name);
    if (end == std::string_view::npos) return names;
    text.remove_prefix(end + 1);
  }
}

}  // namespace millrace::auth
