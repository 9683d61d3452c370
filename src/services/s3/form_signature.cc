#include "services/s3/form_signature.h"

#include <fmt/format.h>

#include <array>

#include "base/hash.h"
#include "services/s3/errors.h"
#include "wire/auth/problems.h"
#include "wire/auth/sigv4.h"

namespace millrace::s3 {
namespace {

using auth::AuthProblem;

std::unexpected<Error> refuse(AuthProblem what, const std::string& given = {}) {
  auth::AuthFailure failure;
  failure.problem = what;
  failure.given = given;
  if (what == AuthProblem::unknown_key) failure.details = {{"AWSAccessKeyId", given}};
  return fail(auth::to_error(failure, auth::ErrorFamily::s3));
}

Result<std::string> required(const FormParser& form, std::string_view name) {
  const std::string* const value = form.field(name);
  if (value != nullptr) return *value;
  return fail(invalid_argument(
      fmt::format("Bucket POST must contain a field named '{}'.  If it is specified, please check "
                  "the order of the fields.",
                  name),
      name, ""));
}

Result<auth::AccessKey> find_key(const FormParser& form, auth::KeyStore& keys,
                                 const std::string& id, Time now) {
  Result<std::optional<auth::AccessKey>> found = keys.find(id);
  if (!found) return refuse(AuthProblem::internal);
  if (!*found) return refuse(AuthProblem::unknown_key, id);
  auth::AccessKey key = std::move(**found);
  const std::string* const token = form.field("x-amz-security-token");
  if (token == nullptr && !key.session_token.empty()) {
    return refuse(AuthProblem::unknown_key, id);
  }
  if (!equal_constant_time(token != nullptr ? *token : "", key.session_token)) {
    return refuse(AuthProblem::token_invalid);
  }
  if (key.expires && now >= *key.expires) return refuse(AuthProblem::token_expired);
  return key;
}

// AKIA…/20270115/us-east-1/s3/aws4_request
struct Credential {
  std::string key;
  auth::CredentialScope scope;
};

Result<Credential> parse_credential(const std::string& text) {
  std::array<std::string, 5> parts;
  size_t begin = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t end = text.find('/', begin);
    const bool last = i + 1 == parts.size();
    if ((end == std::string::npos) != last) {
      return refuse(AuthProblem::credential_malformed, text);
    }
    parts[i] = text.substr(begin, last ? std::string::npos : end - begin);
    begin = end + 1;
  }
  if (parts[4] != auth::kTerminator) return refuse(AuthProblem::scope_terminator, parts[4]);
  Credential out;
  out.key = parts[0];
  out.scope.date = parts[1];
  out.scope.region = parts[2];
  out.scope.service = parts[3];
  if (out.scope.service != "s3") return refuse(AuthProblem::credential_malformed, text);
  return out;
}

Result<FormSigner> verify_v4(const FormParser& form, auth::KeyStore& keys, Time now) {
  TRY(const std::string policy, required(form, "policy"));
  TRY(const std::string algorithm, required(form, "X-Amz-Algorithm"));
  TRY(const std::string claimed, required(form, "X-Amz-Credential"));
  TRY(const std::string date, required(form, "X-Amz-Date"));
  TRY(const std::string signature, required(form, "X-Amz-Signature"));
  if (algorithm != auth::kAlgorithm) return refuse(AuthProblem::unsupported_algorithm, algorithm);
  TRY(const Credential credential, parse_credential(claimed));
  if (!parse_iso8601_basic(date)) return refuse(AuthProblem::date_malformed, date);
  if (date.substr(0, 8) != credential.scope.date) {
    return refuse(AuthProblem::scope_date_mismatch, credential.scope.date);
  }
  TRY(auth::AccessKey key, find_key(form, keys, credential.key, now));
  const Bytes signing_key = auth::derive_signing_key(key.secret, credential.scope);
  if (!equal_constant_time(auth::sign(signing_key, policy), signature)) {
    return refuse(AuthProblem::signature_mismatch);
  }
  key.secret.clear();
  return FormSigner{std::move(key), credential.scope.region};
}

Result<FormSigner> verify_v2(const FormParser& form, auth::KeyStore& keys, Time now) {
  TRY(const std::string policy, required(form, "policy"));
  TRY(const std::string id, required(form, "AWSAccessKeyId"));
  TRY(const std::string signature, required(form, "signature"));
  TRY(auth::AccessKey key, find_key(form, keys, id, now));
  if (!equal_constant_time(to_base64(hmac_sha1_of(key.secret, policy)), signature)) {
    return refuse(AuthProblem::signature_mismatch);
  }
  key.secret.clear();
  return FormSigner{std::move(key), ""};
}

}  // namespace

Bytes hmac_sha1_of(BytesView key, BytesView text) {
  constexpr size_t kBlock = 64;
  Bytes block(key);
  const auto digest = [](BytesView a, BytesView b) {
    Digest sha1(DigestKind::sha1);
    sha1.update(a);
    sha1.update(b);
    return sha1.finish();
  };
  if (block.size() > kBlock) block = digest(block, "");
  block.resize(kBlock, '\0');
  Bytes inner = block;
  Bytes outer = block;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5C);
  return digest(outer, digest(inner, text));
}

Result<FormSigner> verify_form(const FormParser& form, auth::KeyStore& keys, Time now) {
  const bool v4 = form.field("x-amz-signature") != nullptr ||
                  form.field("x-amz-algorithm") != nullptr ||
                  form.field("x-amz-credential") != nullptr;
  if (v4) return verify_v4(form, keys, now);
  const bool v2 = form.field("signature") != nullptr || form.field("awsaccesskeyid") != nullptr ||
                  form.field("policy") != nullptr;
  if (v2) return verify_v2(form, keys, now);
  // DIVERGES: forms that nobody signed are refused, also where a bucket's policy would admit them.
  return fail(problem(Problem::access_denied));
}

}  // namespace millrace::s3
