#include "services/s3/checksums.h"

#include <fmt/format.h>

namespace millrace::s3 {
namespace {

// Polynomials over GF(2), reflected: bit 0 is the highest power. `top` is the polynomial 1.
struct Field {
  uint64_t polynomial = 0;
  uint64_t top = 0;

  uint64_t multiply(uint64_t a, uint64_t b) const {
    uint64_t product = 0;
    for (uint64_t bit = top; bit != 0 && a != 0; bit >>= 1) {
      if ((a & bit) != 0) {
        product ^= b;
        a ^= bit;
      }
      b = (b & 1) != 0 ? (b >> 1) ^ polynomial : b >> 1;
    }
    return product;
  }
};

Field field_of(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::crc32:
      return {0xEDB88320U, uint64_t{1} << 31};
    case ChecksumKind::crc32c:
      return {0x82F63B78U, uint64_t{1} << 31};
    default:
      return {0x9A6C9329AC4BC9B5ULL, uint64_t{1} << 63};
  }
}

uint64_t number_of(BytesView bytes) {
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

}  // namespace

std::vector<objects::Checksum> kept_checksums(
    const std::vector<std::pair<ChecksumKind, Bytes>>& verified) {
  std::vector<objects::Checksum> out;
  if (verified.empty()) return out;
  out.push_back({std::string(auth::name_of(verified.front().first)), verified.front().second});
  return out;
}

objects::Checksum own_checksum(BytesView bytes) {
  return {std::string(auth::name_of(kOwnChecksum)), auth::checksum_of(kOwnChecksum, bytes)};
}

std::string checksum_text(const objects::Checksum& checksum, size_t parts) {
  const std::string text = to_base64(checksum.value);
  return checksum.composite ? fmt::format("{}-{}", text, parts) : text;
}

bool is_crc(ChecksumKind kind) {
  return kind != ChecksumKind::sha1 && kind != ChecksumKind::sha256;
}

// The first CRC moves up by the bits of the second part, which is a multiplication by x^(8 length).
Bytes combine_crc(ChecksumKind kind, BytesView first, BytesView second, uint64_t second_length) {
  ASSERT(is_crc(kind));
  const Field field = field_of(kind);
  uint64_t shift = field.top;
  uint64_t square = field.top >> 8;
  for (uint64_t length = second_length; length != 0; length >>= 1) {
    if ((length & 1) != 0) shift = field.multiply(square, shift);
    square = field.multiply(square, square);
  }
  const uint64_t combined = field.multiply(shift, number_of(first)) ^ number_of(second);
  Bytes out;
  for (size_t i = auth::size_of(kind); i-- > 0;)
    out.push_back(static_cast<char>(combined >> 8 * i));
  return out;
}

Result<ChecksumKind> parse_algorithm(std::string_view name) {
  const std::optional<ChecksumKind> kind = auth::parse_checksum_name(name);
  if (kind) return *kind;
  return fail(invalid_request(
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
      "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"));
}

}  // namespace millrace::s3
