// Checksums that S3 keeps with an object: parsed, computed piece by piece, compared.
//
// A Checksum is not thread-safe; the rest is pure. Source: S3 User Guide, "Checking object
// integrity". Values on the wire are base64 of the big-endian bytes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/hash.h"

namespace millrace::auth {

enum class ChecksumKind : uint8_t { crc32, crc32c, crc64nvme, sha1, sha256 };
inline constexpr std::array kChecksumKinds = {ChecksumKind::crc32, ChecksumKind::crc32c,
                                              ChecksumKind::crc64nvme, ChecksumKind::sha1,
                                              ChecksumKind::sha256};

std::string_view name_of(ChecksumKind kind);    // CRC32, CRC32C, CRC64NVME, SHA1, SHA256
std::string_view header_of(ChecksumKind kind);  // x-amz-checksum-crc32, …
size_t size_of(ChecksumKind kind);              // 4, 4, 8, 20, 32 bytes
std::optional<ChecksumKind> parse_checksum_name(std::string_view name);      // Any case.
std::optional<ChecksumKind> parse_checksum_header(std::string_view header);  // Any case.
// Whether AWS has an algorithm of that name (md5, in any case) which is none of these kinds.
// Source: S3 User Guide, "Checking object integrity".
bool is_other_checksum(std::string_view name);

// A value as it stands in a header. Nothing where it is no base64, or of another length.
std::optional<Bytes> parse_checksum(ChecksumKind kind, std::string_view base64);

// Not thread-safe; finish() ends it.
class Checksum final {
 public:
  explicit Checksum(ChecksumKind kind);
  void update(BytesView bytes);
  Bytes finish();  // Raw, size_of(kind) bytes.
  ChecksumKind kind() const { return kind_; }

 private:
  ChecksumKind kind_;
  std::variant<uint64_t, Digest> state_;
};

Bytes checksum_of(ChecksumKind kind, BytesView bytes);

}  // namespace millrace::auth
