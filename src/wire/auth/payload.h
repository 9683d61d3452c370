// PayloadVerifier: a body that is compared, at its end, with what the client said of it.
//
// Checks in one pass: a literal x-amz-content-sha256, Content-MD5, x-amz-checksum-* from the
// headers or from the trailers of an aws-chunked stream. Computes further ones that the service
// keeps. The bytes are handed out as they come; only the read that answers 0 says that they are
// right, so they are to be staged until then. After an error every read fails alike.
//
// Bodies are read in one of two ways. read() digests what it hands out before it answers. next()
// hands out pieces that the verifier holds; where it has a team, small bodies are digested with
// those that come at the same time (digest_rounds.h), and each digest of a large piece runs on its
// pool, beside the others, beside the reading of the next piece and beside what the caller does
// with this one (docs/decisions/0013-digests-beside-the-copy.md). Memory: kPieces of kPieceBytes.
//
// Not thread-safe; one read at a time. Errors: those of the source, and invalid with S3's code
// (XAmzContentSHA256Mismatch, BadDigest, InvalidRequest).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/lane.h"
#include "wire/auth/aws_chunked.h"
#include "wire/auth/checksum.h"
#include "wire/auth/md5_team.h"
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

// What the headers x-amz-checksum-* tell of: the body, or an object whose parts the body names.
enum class ChecksumsOf : uint8_t { body, object };

// From the request's headers. Problems: content_md5_malformed, checksum_malformed,
// checksum_unknown.
std::expected<PayloadChecks, AuthFailure> payload_checks(const RequestView& request,
                                                         const Verified& verified,
                                                         ChecksumsOf checksums = ChecksumsOf::body);

// Adds what S3 computes of every object's bytes: an MD5 for the ETag, and, where the client gives
// no checksum, one of S3's own choice (CRC64NVME).
void compute_for_object(PayloadChecks& checks);

class PayloadVerifier final : public http::BodyReader {
 public:
  static constexpr size_t kPieceBytes = 512 * 1024;
  static constexpr size_t kPieces = 3;

  // `source` and `team` outlive this. `trailers` is where checks.trailing are found: the same
  // object as `source`, or null. Without a team everything is digested where it is read.
  PayloadVerifier(http::BodyReader& source, PayloadChecks checks,
                  const AwsChunkedReader* trailers = nullptr, Md5Team* team = nullptr);

  Task<size_t> read(char* buffer, size_t size) override;
  // The next piece, whole (kPieceBytes) but for the last; empty at the end, when all of the body
  // is right. It stays until the second call after the one that answered it has begun: a piece may
  // be in use while the next one is read. Not to be mixed with read().
  Task<BytesView> next();
  std::optional<uint64_t> content_length() const override { return source_.content_length(); }

  // Whether the client says what a checksum is to be, before the body or behind it.
  bool checksums_given() const { return !checks_.checksums.empty() || !checks_.trailing.empty(); }
  // Once the end was answered: every checksum that was checked or computed, raw, and the MD5.
  const std::vector<std::pair<ChecksumKind, Bytes>>& checksums() const { return results_; }
  const Bytes& md5() const { return md5_result_; }

 private:
  void add(ChecksumKind kind);
  // Answers what it has left to the caller to update.
  Md5Stream* digest_here(BytesView bytes, bool but_md5);
  void digest_quickly(BytesView bytes);
  void digest_beside(BytesView bytes);
  void open_lanes();
  // Has one stream take the MD5 and the SHA-256, where both are wanted and the processor can.
  // Before the first byte.
  bool unite_digests();
  // Fills `buffer` as far as the source goes.
  Task<size_t> fill(char* buffer, size_t size);
  // Awaits the lanes until at most `unfinished` pieces are left in each.
  Task<void> settle(size_t unfinished);
  Task<void> end();
  std::expected<void, AuthFailure> finish();
  std::expected<void, AuthFailure> check(ChecksumKind kind, const Bytes& actual) const;

  http::BodyReader& source_;
  PayloadChecks checks_;
  const AwsChunkedReader* trailers_;
  Md5Team* team_;
  std::optional<Digest> sha256_;  // Where `md5_` does not take it.
  std::optional<Md5Stream> md5_;
  std::vector<Checksum> running_;
  std::vector<std::pair<ChecksumKind, Bytes>> results_;
  Bytes md5_result_;
  bool source_ended_ = false;
  bool ended_ = false;
  std::optional<Error> failed_;

  std::array<std::unique_ptr<char[]>, kPieces> buffers_;
  size_t buffer_bytes_ = 0;
  size_t pieces_ = 0;  // That were read.
  // Last: they end before what they work on.
  bool begun_ = false;      // Bytes were digested.
  bool beside_ = false;     // Pieces are digested on the pool.
  bool rest_lane_ = false;  // The last lane is for the SHA-256 and quick checksums.
  std::optional<Md5Team::Member> md5_member_;
  // One for the SHA-256 and quick checksums, where the team does not take them, and one for each
  // other checksum.
  std::vector<std::unique_ptr<runtime::Lane>> lanes_;
};

}  // namespace millrace::auth
