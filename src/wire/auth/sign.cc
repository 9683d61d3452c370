#include "wire/auth/sign.h"

#include <algorithm>
#include <array>

#include "base/result.h"
#include "base/uri.h"

namespace millrace::auth {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

// Sorted, each once.
std::vector<std::string> names_to_sign(std::span<const HeaderView> headers) {
  static constexpr std::array<std::string_view, 6> kUnsigned = {
      "authorization",     "user-agent", "connection",
      "transfer-encoding", "expect",     "x-amzn-trace-id"};
  std::vector<std::string> names;
  for (const HeaderView& header : headers) {
    std::string name = lower(header.name);
    if (std::ranges::find(kUnsigned, name) == kUnsigned.end()) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

std::string joined(std::span<const std::string> names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out.push_back(';');
    out += name;
  }
  return out;
}

CredentialScope scope_of(const Signer& signer, std::string_view iso_time) {
  return {std::string(iso_time.substr(0, 8)), signer.region, signer.service};
}

// The path that a client sends is its own to choose; what cannot be decoded is signed as it is.
std::string path_to_sign(const RequestView& request, PathRule rule) {
  auto path = canonical_path(request.path, rule);
  return path ? std::move(*path) : std::string(request.path);
}

}  // namespace

Signer s3_signer(std::string access_key_id, std::string secret, std::string region) {
  return {.access_key_id = std::move(access_key_id),
          .secret = std::move(secret),
          .region = std::move(region),
          .service = "s3",
          .path = kS3Paths};
}

HeaderSignature sign_header(const Signer& signer, const RequestView& request,
                            std::string_view payload_hash, Time now) {
  HeaderSignature out;
  out.iso_time = to_iso8601_basic(now);
  out.scope = scope_of(signer, out.iso_time);
  out.headers.emplace_back("X-Amz-Date", out.iso_time);
  std::vector<HeaderView> headers(request.headers.begin(), request.headers.end());
  headers.push_back({"x-amz-date", out.iso_time});
  if (!signer.session_token.empty()) {
    out.headers.emplace_back("X-Amz-Security-Token", signer.session_token);
    if (!signer.token_outside_signature) {
      headers.push_back({"x-amz-security-token", signer.session_token});
    }
  }
  const std::vector<std::string> names = names_to_sign(headers);
  const std::vector<std::string_view> name_views(names.begin(), names.end());
  const std::string path = path_to_sign(request, signer.path);
  const std::string query = canonical_query(request.query).value_or(std::string(request.query));
  const RequestView full{request.method, request.path, request.query, headers};
  out.canonical_request = canonical_request(full, {path, query, name_views, payload_hash});
  out.string_to_sign = string_to_sign(out.iso_time, out.scope, out.canonical_request);
  out.signature = sign(derive_signing_key(signer.secret, out.scope), out.string_to_sign);
  std::string authorization(kAlgorithm);
  authorization.append(" Credential=").append(signer.access_key_id).append("/");
  authorization.append(out.scope.text()).append(", SignedHeaders=").append(joined(names));
  authorization.append(", Signature=").append(out.signature);
  out.headers.emplace_back("Authorization", std::move(authorization));
  return out;
}

QuerySignature sign_query(const Signer& signer, const RequestView& request,
                          std::string_view payload_hash, Time now, seconds expires) {
  const std::string iso_time = to_iso8601_basic(now);
  const CredentialScope scope = scope_of(signer, iso_time);
  const std::vector<std::string> names = names_to_sign(request.headers);
  const std::string token = signer.session_token.empty()
                                ? std::string()
                                : "&X-Amz-Security-Token=" + uri_encode(signer.session_token);
  QuerySignature out;
  out.query.append(request.query).append(request.query.empty() ? "" : "&");
  out.query.append("X-Amz-Algorithm=").append(kAlgorithm).append("&X-Amz-Credential=");
  out.query.append(uri_encode(signer.access_key_id + "/" + scope.text()));
  out.query.append("&X-Amz-Date=").append(iso_time).append("&X-Amz-SignedHeaders=");
  out.query.append(uri_encode(joined(names))).append("&X-Amz-Expires=");
  out.query.append(std::to_string(expires.count()));
  if (!signer.token_outside_signature) out.query += token;
  const std::vector<std::string_view> name_views(names.begin(), names.end());
  const std::string path = path_to_sign(request, signer.path);
  const std::string query = canonical_query(out.query).value_or(out.query);
  out.canonical_request = canonical_request(request, {path, query, name_views, payload_hash});
  out.string_to_sign = string_to_sign(iso_time, scope, out.canonical_request);
  out.signature = sign(derive_signing_key(signer.secret, scope), out.string_to_sign);
  if (signer.token_outside_signature) out.query += token;
  out.query.append("&X-Amz-Signature=").append(out.signature);
  return out;
}

}  // namespace millrace::auth
