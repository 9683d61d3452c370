// Server-side encryption: what a request asks for, whether the caller may use the key, and what is
// answered of it. The sealing itself is engines/objects' (sealing.h); keys of KMS are found by
// data_keys.h.
//
// AWS: an object that comes without a word is encrypted as its bucket says, and with SSE-S3 where
// that says nothing. See put_bucket_encryption.test.
// DIVERGES: Dual-layer encryption (aws:kms:dsse) is refused by name.
// DIVERGES: customer keys are taken over plain HTTP, where AWS requires TLS: there is none.
// DIVERGES: a new bucket takes customer keys until it is told to block them; AWS blocks them on
// buckets made since April 2026 until it is told not to.
//
// Threads: as the operations. Sources: S3 User Guide, "Protecting data with server-side
// encryption"; API Reference, PutObject, GetObject, CopyObject, UploadPart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

// The three headers of a customer's key.
struct CustomerHeaders {
  std::string_view algorithm, key, md5;
  bool given() const { return !algorithm.empty() || !key.empty() || !md5.empty(); }
};

struct EncryptionHeaders {
  std::string_view algorithm;  // AES256, aws:kms
  std::string_view key_id;
  std::string_view context;
  std::optional<bool> bucket_key;
  CustomerHeaders customer;
};

template <class In>
CustomerHeaders customer_headers(const In& in) {
  return {in.sse_customer_algorithm(), in.sse_customer_key(), in.sse_customer_key_md5()};
}

template <class In>
CustomerHeaders source_customer_headers(const In& in) {
  return {in.copy_source_sse_customer_algorithm(), in.copy_source_sse_customer_key(),
          in.copy_source_sse_customer_key_md5()};
}

template <class In>
EncryptionHeaders encryption_headers(const In& in) {
  EncryptionHeaders out{in.server_side_encryption(), in.ssekms_key_id(),
                        in.ssekms_encryption_context(), std::nullopt, customer_headers(in)};
  if (in.has_bucket_key_enabled()) out.bucket_key = in.bucket_key_enabled();
  return out;
}

// The key that the headers carry; empty where there are none. Errors: InvalidArgument,
// InvalidEncryptionAlgorithmError.
Result<Secret> read_customer_key(const CustomerHeaders& headers);

// How the new object is to be protected: as asked, or as its bucket says. A key of KMS is found,
// usable, and the caller may use it; alias/aws/s3 is made when it is first asked for.
// Errors: InvalidArgument, InvalidEncryptionAlgorithmError, NotImplemented, AccessDenied, those of
// find_kms_key() and check_usable(). What `headers` borrows from stays until the task ends.
Task<objects::Protect> read_encryption(S3& s3, const wire::Call& call, EncryptionHeaders headers,
                                       objects::ObjectId id);

// Whether the caller may have the object's bytes: the customer's key where one guards them, and
// kms:Decrypt where a key of KMS does. Answers the customer's key. `deciphers`: bytes are asked
// for, not only what is said of them. Errors: InvalidRequest (a key that is needed is not given, or
// one that is not needed is), InvalidArgument, InvalidEncryptionAlgorithmError, AccessDenied
// (another key).
Result<Secret> admit_reader(const S3& s3, const wire::Call& call, const objects::Object& object,
                            const CustomerHeaders& headers, bool deciphers = true);

// The same of parts that come to an upload. Errors also: InvalidRequest (the upload was begun with
// another key, or without one).
Result<Secret> admit_part(const S3& s3, const wire::Call& call, const objects::Upload& upload,
                          const CustomerHeaders& headers);

// {"name":"value"} in base64, and back. Errors: InvalidArgument.
std::string context_text(const std::map<std::string, std::string>& context);
Result<std::map<std::string, std::string>> parse_context(std::string_view header);

// The protection that a wish leads to, as far as answers tell of it.
objects::Protection shown_protection(const objects::Protect& protect);

// What is answered of an object; `customer_md5` as the request gave it.
template <class Out>
void write_encryption(const Out& out, const objects::Protection& protection,
                      std::string_view customer_md5 = {}) {
  if (protection.guard == objects::Guard::platform) out.set_server_side_encryption("AES256");
  if (protection.guard == objects::Guard::named) {
    out.set_server_side_encryption("aws:kms");
    out.set_ssekms_key_id(protection.name);
    if (protection.wide) out.set_bucket_key_enabled(true);
    if constexpr (requires { out.set_ssekms_encryption_context(""); }) {
      if (!protection.context.empty()) {
        out.set_ssekms_encryption_context(context_text(protection.context));
      }
    }
  }
  if constexpr (requires { out.set_sse_customer_key_md5(""); }) {
    if (protection.guard != objects::Guard::caller) return;
    out.set_sse_customer_algorithm("AES256");
    if (!customer_md5.empty()) out.set_sse_customer_key_md5(customer_md5);
  }
}

}  // namespace millrace::s3
