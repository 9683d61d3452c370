#include "wire/auth/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/uri.h"
#include "wire/auth/limits.h"
#include "wire/auth/sigv2.h"

namespace millrace::auth {
namespace {

using Checked = std::expected<void, AuthFailure>;

std::unexpected<AuthFailure> problem(AuthProblem what, std::string given = {},
                                     std::string expected = {}) {
  return std::unexpected(AuthFailure{what, std::move(given), std::move(expected)});
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_signed(const Authorization& claim, std::string_view lower_name) {
  return std::ranges::find(claim.signed_headers, lower_name) != claim.signed_headers.end();
}

std::string spaced_hex(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 3);
  for (const char c : text) {
    if (!out.empty()) out.push_back(' ');
    out += to_hex({&c, 1});
  }
  return out;
}

// AWS: a key's wrong region is told with the right one, which SDKs use to retry.
Checked check_scope(const Authorization& claim, const VerifyRules& rules) {
  const CredentialScope& scope = claim.scope;
  const bool digits = scope.date.size() == 8 &&
                      std::ranges::all_of(scope.date, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return problem(AuthProblem::scope_date_malformed, scope.date, claim.iso_time);
  if (claim.terminator != kTerminator) {
    return problem(AuthProblem::scope_terminator, claim.terminator);
  }
  if (scope.service != rules.service &&
      (rules.other_service.empty() || scope.service != rules.other_service)) {
    return problem(AuthProblem::wrong_service, scope.service, std::string(rules.service));
  }
  if (!rules.region.empty() && scope.region != rules.region) {
    auto wrong = problem(AuthProblem::wrong_region, scope.region, std::string(rules.region));
    wrong.error().details = {{"Region", std::string(rules.region)}};
    return wrong;
  }
  if (std::string_view(claim.iso_time).substr(0, 8) != scope.date) {
    return problem(AuthProblem::scope_date_mismatch, scope.date, claim.iso_time);
  }
  return {};
}

Checked check_presigned_time(const Authorization& claim, const VerifyRules& rules, Time now) {
  if (!claim.expires && rules.s3) return problem(AuthProblem::query_incomplete);
  const seconds lifetime = claim.expires.value_or(limits::kSkewMax);
  const Time end = claim.time + lifetime;
  if (now > end) {
    auto expired =
        problem(AuthProblem::presigned_expired, to_iso8601_basic(end), to_iso8601_basic(now));
    expired.error().details = {{"X-Amz-Expires", std::to_string(lifetime.count())},
                               {"Expires", to_iso8601(end)},
                               {"ServerTime", to_iso8601(now)}};
    return expired;
  }
  if (claim.time > now + limits::kSkewMax) {
    return problem(AuthProblem::not_yet, claim.iso_time,
                   fmt::format("{} ({} + 15 min.)", to_iso8601_basic(now + limits::kSkewMax),
                               to_iso8601_basic(now)));
  }
  return {};
}

Checked check_time(const Authorization& claim, const VerifyRules& rules, Time now) {
  if (claim.kind == AuthKind::presigned) return check_presigned_time(claim, rules, now);
  const Time earliest = now - limits::kSkewMax;
  const Time latest = now + limits::kSkewMax;
  if (claim.time >= earliest && claim.time <= latest) return {};
  const bool old = claim.time < earliest;
  auto skewed = problem(old ? AuthProblem::too_old : AuthProblem::not_yet, claim.iso_time,
                        fmt::format("{} ({} {} 15 min.)", to_iso8601_basic(old ? earliest : latest),
                                    to_iso8601_basic(now), old ? '-' : '+'));
  skewed.error().details = {{"RequestTime", claim.iso_time},
                            {"ServerTime", to_iso8601(now)},
                            {"MaxAllowedSkewMilliseconds", "900000"}};
  return skewed;
}

// AWS: S3 says that a temporary key without its token does not exist.
Checked check_token(const Authorization& claim, const AccessKey& key, Time now) {
  if (claim.session_token.empty() && !key.session_token.empty()) {
    auto missing = problem(AuthProblem::token_missing, claim.access_key_id);
    missing.error().details = {{"AWSAccessKeyId", claim.access_key_id}};
    return missing;
  }
  if (!equal_constant_time(claim.session_token, key.session_token)) {
    return problem(AuthProblem::token_invalid);
  }
  if (key.expires && now >= *key.expires) return problem(AuthProblem::token_expired);
  return {};
}

Checked check_signed_headers(const RequestView& request, const Authorization& claim,
                             const VerifyRules& rules) {
  if (!is_signed(claim, "host")) {
    auto unsigned_host = problem(AuthProblem::host_not_signed);
    unsigned_host.error().details = {{"HeadersNotSigned", "host"}};
    return unsigned_host;
  }
  for (const std::string& name : claim.signed_headers) {
    if (find_header(request.headers, name) == nullptr) {
      return problem(AuthProblem::signature_mismatch);
    }
  }
  if (!rules.s3) return {};
  std::string missing;
  for (const HeaderView& header : request.headers) {
    if (header.name.size() < 6 || !http::equal_ignoring_case(header.name.substr(0, 6), "x-amz-")) {
      continue;
    }
    std::string name(header.name);
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (is_signed(claim, name)) continue;
    missing.append(missing.empty() ? "" : ", ").append(name);
  }
  if (missing.empty()) return {};
  auto unsigned_headers = problem(AuthProblem::headers_not_signed, missing);
  unsigned_headers.error().details = {{"HeadersNotSigned", missing}};
  return unsigned_headers;
}

// What the request says of its body: the header, or for a presigned URL also the parameter.
std::optional<std::string> declared_hash(const RequestView& request, bool presigned) {
  if (const HeaderView* header = find_header(request.headers, "x-amz-content-sha256")) {
    return std::string(header->value);
  }
  if (!presigned) return std::nullopt;
  const auto query = parse_query(request.query, true);
  const std::string* value = query ? find_parameter(*query, "X-Amz-Content-Sha256") : nullptr;
  if (value == nullptr) return std::nullopt;
  return *value;
}

// Decides the payload's mode; answers the text that stands in the canonical request.
std::expected<std::string, AuthFailure> read_payload(const RequestView& request,
                                                     const VerifyRules& rules, BytesView body,
                                                     Verified& out) {
  const bool presigned = out.kind == AuthKind::presigned;
  auto declared = declared_hash(request, presigned);
  if (!declared && rules.s3) {
    if (!presigned) return problem(AuthProblem::content_sha256_missing);
    declared = std::string(kUnsignedPayload);
  }
  if (!declared) {
    declared = body.empty() ? std::string(kEmptySha256) : to_hex(sha256(body));
    out.payload_verified = true;
  }
  const auto mode = parse_payload_mode(*declared);
  if (!mode) return problem(AuthProblem::content_sha256_malformed);
  out.payload = *mode;
  if (*mode == PayloadMode::literal) out.payload_sha256 = *declared;
  return std::move(*declared);
}

struct Signed {
  std::string canonical;
  std::string to_sign;
};

std::expected<Signed, AuthFailure> rebuild(const RequestView& request, const Authorization& claim,
                                           const VerifyRules& rules,
                                           std::string_view payload_hash) {
  static constexpr std::array<std::string_view, 2> kLeftOut = {"X-Amz-Signature",
                                                               "X-Amz-Security-Token"};
  const bool presigned = claim.kind == AuthKind::presigned;
  const size_t left_out = !presigned ? 0 : rules.token_outside_query ? 2 : 1;
  const auto path = canonical_path(request.path, rules.path);
  const auto query = canonical_query(request.query, std::span(kLeftOut).first(left_out));
  if (!path || !query) return problem(AuthProblem::uri_malformed);
  const std::vector<std::string_view> names(claim.signed_headers.begin(),
                                            claim.signed_headers.end());
  Signed out;
  out.canonical = canonical_request(request, {*path, *query, names, payload_hash});
  out.to_sign = string_to_sign(claim.iso_time, claim.scope, out.canonical);
  return out;
}

AuthFailure mismatch(const Authorization& claim, Signed rebuilt) {
  AuthFailure failure{AuthProblem::signature_mismatch};
  failure.details = {{"AWSAccessKeyId", claim.access_key_id},
                     {"StringToSign", rebuilt.to_sign},
                     {"SignatureProvided", claim.signature},
                     {"StringToSignBytes", spaced_hex(rebuilt.to_sign)},
                     {"CanonicalRequest", rebuilt.canonical},
                     {"CanonicalRequestBytes", spaced_hex(rebuilt.canonical)}};
  return failure;
}

std::expected<AccessKey, AuthFailure> find_key(const Authorization& claim, KeyStore& keys) {
  auto found = keys.find(claim.access_key_id);
  if (!found) return problem(AuthProblem::internal);
  if (*found) return std::move(**found);
  auto unknown = problem(AuthProblem::unknown_key, claim.access_key_id);
  unknown.error().details = {{"AWSAccessKeyId", claim.access_key_id}};
  return unknown;
}

Checked check_claims(const RequestView& request, const Authorization& claim,
                     const VerifyRules& rules, const AccessKey& key, Time now) {
  if (auto good = check_token(claim, key, now); !good) return good;
  if (auto good = check_scope(claim, rules); !good) return good;
  if (auto good = check_time(claim, rules, now); !good) return good;
  return check_signed_headers(request, claim, rules);
}

}  // namespace

std::optional<PayloadMode> parse_payload_mode(std::string_view text) {
  if (text == kUnsignedPayload) return PayloadMode::unsigned_payload;
  if (text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") return PayloadMode::streaming_signed;
  if (text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") {
    return PayloadMode::streaming_signed_trailer;
  }
  if (text == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
    return PayloadMode::streaming_unsigned_trailer;
  }
  if (is_sha256(text)) return PayloadMode::literal;
  return std::nullopt;
}

VerifyRules s3_rules(std::string_view region) {
  return {.path = kS3Paths, .service = "s3", .region = region, .s3 = true};
}

VerifyRules service_rules(std::string_view service, std::string_view region) {
  return {.path = kServicePaths, .service = service, .region = region};
}

bool needs_body(const RequestView& request, const VerifyRules& rules) {
  if (rules.s3 || find_header(request.headers, "x-amz-content-sha256") != nullptr) return false;
  const auto declared = declared_hash(request, true);
  return !declared;
}

std::expected<Verified, AuthFailure> verify(const RequestView& request, const VerifyRules& rules,
                                            BytesView body, Verifier verifier, Time now) {
  return verify_claimed({request, parse_authorization(request)}, rules, body, verifier, now);
}

std::expected<Verified, AuthFailure> verify_claimed(ClaimedRequest claimed,
                                                    const VerifyRules& rules, BytesView body,
                                                    Verifier verifier, Time now) {
  const RequestView& request = claimed.request;
  Claim& claim = claimed.claim;
  if (rules.s3 && claims_v2(request)) return verify_v2(request, rules, verifier.keys, now);
  if (!claim) return std::unexpected(std::move(claim).error());
  Verified out;
  out.kind = claim->kind;
  if (claim->kind == AuthKind::anonymous) {
    const auto declared = declared_hash(request, false);
    const auto mode = declared ? parse_payload_mode(*declared) : PayloadMode::unsigned_payload;
    if (!mode) return problem(AuthProblem::content_sha256_malformed);
    out.payload = *mode;
    if (*mode == PayloadMode::literal) out.payload_sha256 = *declared;
    return out;
  }
  auto key = find_key(*claim, verifier.keys);
  if (!key) return std::unexpected(std::move(key).error());
  if (auto good = check_claims(request, *claim, rules, *key, now); !good) {
    good.error().presigned = claim->kind == AuthKind::presigned;
    return std::unexpected(std::move(good).error());
  }
  auto payload_hash = read_payload(request, rules, body, out);
  if (!payload_hash) return std::unexpected(std::move(payload_hash).error());
  auto rebuilt = rebuild(request, *claim, rules, *payload_hash);
  if (!rebuilt) return std::unexpected(std::move(rebuilt).error());
  Bytes signing_key = verifier.signing_keys.get(key->id, key->secret, claim->scope);
  if (!equal_constant_time(sign(signing_key, rebuilt->to_sign), claim->signature)) {
    return std::unexpected(mismatch(*claim, std::move(*rebuilt)));
  }
  key->secret.clear();
  out.key = std::move(*key);
  out.scope = std::move(claim->scope);
  out.signed_headers = std::move(claim->signed_headers);
  out.iso_time = std::move(claim->iso_time);
  if (is_streaming(out.payload)) {
    out.signing_key = std::move(signing_key);
    out.signature = std::move(claim->signature);
  }
  return out;
}

}  // namespace millrace::auth
