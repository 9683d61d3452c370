// PayloadVerifier: a body that is compared, at its end, with what the client said of it.
//
// Checks in one pass: a literal x-amz-content-sha256, Content-MD5, x-amz-checksum-* from the
// headers or from the trailers of an aws-chunked stream. Computes further ones that the service
// keeps. The bytes are handed out as they come; only the read that answers 0 says that they are
// right, so they are to be staged until then. After an error every read fails alike.
//
// Not thread-safe; one read at a time. Digests run where read() does: large bodies are read on a
// pool. Errors: those of the source, and invalid with S3's code (XAmzContentSHA256Mismatch,
// BadDigest, InvalidRequest).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wire/auth/aws_chunked.h"
#include "wire/auth/checksum.h"
#include "wire/auth/problems.h"
#include "wire/auth/verify.h"
#include "wire/http/body.h"

namespace millrace::auth {

struct PayloadChecks {
  std::string sha256_hex;  // Of a literal payload; empty: not checked.
  std::optional<Bytes> content_md5;
  std::vector<std::pair<ChecksumKind, Bytes>> checksums;  // With the values to be met.
  std::vector<ChecksumKind> trailing;  // Their values are in the trailers of an aws-chunked body.
  std::vector<ChecksumKind> computed;  // Computed only.
  bool md5_computed = false;           // For an ETag.
};

// From the request's headers. Problems: content_md5_malformed, checksum_malformed.
std::expected<PayloadChecks, AuthFailure> payload_checks(const RequestView& request,
                                                         const Verified& verified);

class PayloadVerifier final : public http::BodyReader {
 public:
  // `source` outlives this. `trailers` is where checks.trailing are found: the same object as
  // `source`, or null.
  PayloadVerifier(http::BodyReader& source, PayloadChecks checks,
                  const AwsChunkedReader* trailers = nullptr);

  Task<size_t> read(char* buffer, size_t size) override;
  std::optional<uint64_t> content_length() const override { return source_.content_length(); }

  // Once read() has answered 0: every checksum that was checked or computed, raw, and the MD5.
  const std::vector<std::pair<ChecksumKind, Bytes>>& checksums() const { return results_; }
  const Bytes& md5() const { return md5_result_; }

 private:
  void add(ChecksumKind kind);
  std::expected<void, AuthFailure> finish();
  std::expected<void, AuthFailure> check(ChecksumKind kind, const Bytes& actual) const;

  http::BodyReader& source_;
  PayloadChecks checks_;
  const AwsChunkedReader* trailers_;
  std::optional<Digest> sha256_;
  std::optional<Digest> md5_;
  std::vector<Checksum> running_;
  std::vector<std::pair<ChecksumKind, Bytes>> results_;
  Bytes md5_result_;
  bool ended_ = false;
  std::optional<Error> failed_;
};

}  // namespace millrace::auth
