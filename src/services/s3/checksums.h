// Checksums of objects, between the wire, the verifier of bodies and the engine.
// Pure. Source: S3 User Guide, "Checking object integrity".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/s3/s3.h"
#include "wire/auth/checksum.h"

namespace millrace::s3 {

using auth::ChecksumKind;

// The one that S3 keeps of those that were verified.
std::vector<objects::Checksum> kept_checksums(
    const std::vector<std::pair<ChecksumKind, Bytes>>& verified);

// The kind that S3 computes where a client gives none.
inline constexpr ChecksumKind kOwnChecksum = ChecksumKind::crc64nvme;
objects::Checksum own_checksum(BytesView bytes);

// As it stands in headers and documents: base64, of composite ones with the number of parts.
std::string checksum_text(const objects::Checksum& checksum, size_t parts);

// CRCs are combined to that of all bytes where they can be (every kind but SHA), by the lengths.
// `first` and `second` have size_of(kind) bytes.
Bytes combine_crc(ChecksumKind kind, BytesView first, BytesView second, uint64_t second_length);
bool is_crc(ChecksumKind kind);

// CRC32, SHA256, … Errors: InvalidRequest.
Result<ChecksumKind> parse_algorithm(std::string_view name);

template <class Out>
void write_checksums(const Out& out, const std::vector<objects::Checksum>& checksums,
                     size_t parts) {
  for (const objects::Checksum& checksum : checksums) {
    const std::string text = checksum_text(checksum, parts);
    if (checksum.kind == "CRC32") out.set_checksum_crc32(text);
    if (checksum.kind == "CRC32C") out.set_checksum_crc32_c(text);
    if (checksum.kind == "CRC64NVME") out.set_checksum_crc64_nvme(text);
    if (checksum.kind == "SHA1") out.set_checksum_sha1(text);
    if (checksum.kind == "SHA256") out.set_checksum_sha256(text);
    if constexpr (requires { out.set_checksum_type(""); }) {
      out.set_checksum_type(checksum.composite ? "COMPOSITE" : "FULL_OBJECT");
    }
  }
}

// The checksum of that kind that the input has, as text; empty where it has none.
template <class In>
std::string_view given_checksum(const In& in, ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::crc32:
      return in.checksum_crc32();
    case ChecksumKind::crc32c:
      return in.checksum_crc32_c();
    case ChecksumKind::crc64nvme:
      return in.checksum_crc64_nvme();
    case ChecksumKind::sha1:
      return in.checksum_sha1();
    case ChecksumKind::sha256:
      return in.checksum_sha256();
  }
  return {};
}

}  // namespace millrace::s3
