#include "services/s3/encryption/encryption.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/hash.h"
#include "services/s3/encryption/data_keys.h"
#include "services/s3/policies/authorize.h"

namespace millrace::s3 {
namespace {

using objects::Guard;

constexpr std::string_view kHeader = "x-amz-server-side-encryption";
constexpr std::string_view kContextHeader = "x-amz-server-side-encryption-context";
constexpr size_t kContextBytesMax = 4096;
constexpr std::string_view kAes = "AES256";
constexpr std::string_view kKms = "aws:kms";

std::unexpected<Error> refuse(std::string_view message, std::string_view value = "null") {
  return fail(invalid_argument(message, kHeader, value));
}

std::unexpected<Error> kms_only(std::string_view algorithm) {
  return refuse(
      "Server Side Encryption with AWS KMS managed key requires HTTP header "
      "x-amz-server-side-encryption : aws:kms",
      algorithm.empty() ? "null" : algorithm);
}

Error bad_context(std::string_view header) {
  return invalid_argument(
      "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string "
      "holding JSON which represents a string-string map",
      kContextHeader, header);
}

// What the headers ask for, against each other. Nothing: as the bucket says.
Result<std::optional<Guard>> guard_of(const EncryptionHeaders& headers) {
  if (headers.customer.given()) {
    if (headers.algorithm.empty() && headers.key_id.empty()) return Guard::caller;
    return refuse(
        "Server Side Encryption with Customer provided key is incompatible with the encryption "
        "method specified",
        headers.algorithm);
  }
  const bool kms_words = !headers.key_id.empty() || !headers.context.empty();
  if (headers.algorithm == kKms) return Guard::named;
  if (headers.algorithm == "aws:kms:dsse") {
    return fail(not_implemented("Dual-layer server-side encryption (aws:kms:dsse)"));
  }
  if (!headers.algorithm.empty() && headers.algorithm != kAes) {
    return refuse("The encryption method specified is not supported", headers.algorithm);
  }
  if (kms_words) return kms_only(headers.algorithm);
  if (headers.algorithm == kAes) return Guard::platform;
  return std::optional<Guard>();
}

// AWS: a key of KMS is used in its caller's name, which only Signature Version 4 proves.
Result<void> check_signed(const wire::Call& call) {
  if (!call.principal.anonymous() && !call.any_region) return {};
  return fail(
      invalid_argument("Requests specifying Server Side Encryption with AWS KMS managed keys "
                       "require AWS Signature Version 4.",
                       "Authorization", "null"));
}

// AWS: an unqualified name is one of the caller's own account.
Task<keys::MasterKey> kms_key(S3& s3, const wire::Call& call, Realm realm, std::string name) {
  CO_TRY(check_signed(call));
  if (name.empty() || name == kServiceKeyAlias) {
    co_return co_await service_key(s3.keyring, std::move(realm));
  }
  co_return find_kms_key(s3.keyring, realm, name);
}

Result<void> authorize_protected(const S3& s3, const wire::Call& call, std::string_view action,
                                 const objects::Protection& protection, std::string_view bucket,
                                 std::string_view key) {
  if (protection.guard != Guard::named) return {};
  TRY(check_signed(call));
  return authorize_kms_key(s3, call, {action, protection.name, bucket, key, protection.wide});
}

}  // namespace

std::string context_text(const std::map<std::string, std::string>& context) {
  boost::json::object out;
  for (const auto& [name, value] : context) out[name] = value;
  return to_base64(boost::json::serialize(out));
}

Result<std::map<std::string, std::string>> parse_context(std::string_view header) {
  std::map<std::string, std::string> out;
  if (header.empty()) return out;
  Bytes text;
  if (header.size() > kContextBytesMax || !from_base64(header, text)) {
    return fail(bad_context(header));
  }
  boost::system::error_code code;
  boost::json::parse_options options;
  options.max_depth = 2;
  const boost::json::value parsed = boost::json::parse(text, code, {}, options);
  const boost::json::object* const object = code ? nullptr : parsed.if_object();
  if (object == nullptr) return fail(bad_context(header));
  for (const auto& [name, value] : *object) {
    if (!value.is_string()) return fail(bad_context(header));
    out.emplace(name, value.get_string());
  }
  return out;
}

objects::Protection shown_protection(const objects::Protect& protect) {
  objects::Protection out;
  out.guard = protect.guard;
  out.name = protect.name;
  out.context = protect.context;
  out.wide = protect.wide;
  return out;
}

// AWS: the digest is compared before the length; see put_object_encryption.test.
Result<Secret> read_customer_key(const CustomerHeaders& headers) {
  if (!headers.given()) return Secret();
  if (headers.algorithm.empty()) {
    return refuse(
        "Requests specifying Server Side Encryption with Customer provided keys must provide a "
        "valid encryption algorithm.");
  }
  if (headers.algorithm != kAes) {
    return fail(problem(Problem::invalid_encryption_algorithm,
                        {{"ArgumentName", std::string(kHeader)},
                         {"ArgumentValue", std::string(headers.algorithm)}}));
  }
  if (headers.key.empty()) {
    return refuse(
        "Requests specifying Server Side Encryption with Customer provided keys must provide an "
        "appropriate secret key.");
  }
  Bytes key;
  if (!from_base64(headers.key, key)) {
    return refuse("The secret key was invalid for the specified algorithm.");
  }
  Secret out(std::move(key));
  if (headers.md5.empty()) {
    return refuse(
        "Requests specifying Server Side Encryption with Customer provided keys must provide the "
        "client calculated MD5 of the secret key.");
  }
  if (to_base64(md5(out.view())) != headers.md5) {
    return refuse("The calculated MD5 hash of the key did not match the hash that was provided.");
  }
  if (out.size() == Cipher::kKeyBytes) return out;
  return refuse("The secret key was invalid for the specified algorithm.");
}

Task<objects::Protect> read_encryption(S3& s3, const wire::Call& call, EncryptionHeaders headers,
                                       objects::ObjectId id) {
  CO_TRY(const std::optional<Guard> asked, guard_of(headers));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  const objects::UsualProtection& usual = bucket.protection;
  objects::Protect out;
  out.guard = asked.value_or(usual.guard.value_or(s3.objects.usual_guard()));
  if (out.guard == Guard::caller) {
    if (usual.refuses_callers) co_return fail(problem(Problem::access_denied));
    CO_TRY(out.caller_key, read_customer_key(headers.customer));
  }
  if (out.guard != Guard::named) co_return out;
  CO_TRY(out.context, parse_context(headers.context));
  out.wide = headers.bucket_key.value_or(usual.wide);
  // AWS: who asks for KMS without a key gets aws/s3, whatever the bucket's own key is.
  const std::string name = asked ? std::string(headers.key_id) : usual.name;
  const Realm realm{call.principal.account, bucket.region};
  CO_TRY(const keys::MasterKey key, co_await kms_key(s3, call, realm, name));
  out.name = arn_of(key);
  const KeyUse use{"kms:GenerateDataKey", out.name, id.bucket, id.key, out.wide};
  CO_TRY(authorize_kms_key(s3, call, use));
  CO_TRY(check_usable(key));
  co_return out;
}

Result<Secret> admit_reader(const S3& s3, const wire::Call& call, const objects::Object& object,
                            const CustomerHeaders& headers, bool deciphers) {
  TRY(Secret key, read_customer_key(headers));
  const objects::Protection& protection = object.protection;
  if (protection.guard != Guard::caller) {
    if (headers.given()) {
      return fail(invalid_request("The encryption parameters are not applicable to this object."));
    }
    if (deciphers) {
      TRY(authorize_protected(s3, call, "kms:Decrypt", protection, object.entry.bucket,
                              object.entry.object_key));
    }
    return key;
  }
  if (!headers.given()) {
    return fail(
        invalid_request("The object was stored using a form of Server Side Encryption. The correct "
                        "parameters must be provided to retrieve the object."));
  }
  if (objects::is_callers_key(protection, key)) return key;
  return fail(problem(Problem::access_denied, {},
                      "Requests specifying Server Side Encryption with Customer provided keys must "
                      "provide the correct secret key."));
}

Result<Secret> admit_part(const S3& s3, const wire::Call& call, const objects::Upload& upload,
                          const CustomerHeaders& headers) {
  const objects::Protection& protection = upload.protection;
  if ((protection.guard == Guard::caller) != headers.given()) {
    return fail(
        invalid_request("The multipart upload initiate requested encryption. Subsequent part "
                        "requests must include the appropriate encryption parameters."));
  }
  TRY(Secret key, read_customer_key(headers));
  if (protection.guard == Guard::caller && !objects::is_callers_key(protection, key)) {
    return fail(invalid_request(
        "The provided encryption parameters did not match the ones used originally."));
  }
  TRY(authorize_protected(s3, call, "kms:Decrypt", protection, upload.bucket, upload.object_key));
  return key;
}

}  // namespace millrace::s3
