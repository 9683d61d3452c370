#include "wire/auth/checksum.h"

#include <algorithm>

#include "base/result.h"
#include "wire/http/headers.h"

namespace millrace::auth {
namespace {

struct Facts {
  std::string_view name;
  std::string_view header;
  size_t size;
};
constexpr std::array<Facts, 5> kFacts = {{{"CRC32", "x-amz-checksum-crc32", 4},
                                          {"CRC32C", "x-amz-checksum-crc32c", 4},
                                          {"CRC64NVME", "x-amz-checksum-crc64nvme", 8},
                                          {"SHA1", "x-amz-checksum-sha1", 20},
                                          {"SHA256", "x-amz-checksum-sha256", 32}}};

const Facts& facts(ChecksumKind kind) { return kFacts[static_cast<size_t>(kind)]; }

std::variant<uint64_t, Digest> start(ChecksumKind kind) {
  if (kind == ChecksumKind::sha1) return Digest(DigestKind::sha1);
  if (kind == ChecksumKind::sha256) return Digest(DigestKind::sha256);
  return uint64_t{0};
}

}  // namespace

std::string_view name_of(ChecksumKind kind) { return facts(kind).name; }
std::string_view header_of(ChecksumKind kind) { return facts(kind).header; }
size_t size_of(ChecksumKind kind) { return facts(kind).size; }

std::optional<ChecksumKind> parse_checksum_name(std::string_view name) {
  for (const ChecksumKind kind : kChecksumKinds) {
    if (http::equal_ignoring_case(name, name_of(kind))) return kind;
  }
  return std::nullopt;
}

bool is_other_checksum(std::string_view name) {
  constexpr std::string_view kOthers[] = {"md5", "sha512", "xxhash128", "xxhash3", "xxhash64"};
  return std::ranges::any_of(
      kOthers, [name](std::string_view other) { return http::equal_ignoring_case(name, other); });
}

std::optional<ChecksumKind> parse_checksum_header(std::string_view header) {
  for (const ChecksumKind kind : kChecksumKinds) {
    if (http::equal_ignoring_case(header, header_of(kind))) return kind;
  }
  return std::nullopt;
}

std::optional<Bytes> parse_checksum(ChecksumKind kind, std::string_view base64) {
  Bytes raw;
  if (base64.size() > 64 || !from_base64(base64, raw) || raw.size() != size_of(kind)) {
    return std::nullopt;
  }
  return raw;
}

Checksum::Checksum(ChecksumKind kind) : kind_(kind), state_(start(kind)) {}

void Checksum::update(BytesView bytes) {
  if (auto* digest = std::get_if<Digest>(&state_)) {
    digest->update(bytes);
    return;
  }
  uint64_t& value = std::get<uint64_t>(state_);
  switch (kind_) {
    case ChecksumKind::crc32:
      value = crc32(static_cast<uint32_t>(value), bytes);
      break;
    case ChecksumKind::crc32c:
      value = crc32c(static_cast<uint32_t>(value), bytes);
      break;
    default:
      value = crc64_nvme(value, bytes);
      break;
  }
}

Bytes Checksum::finish() {
  if (auto* digest = std::get_if<Digest>(&state_)) return digest->finish();
  const uint64_t value = std::get<uint64_t>(state_);
  Bytes out(size_of(kind_), '\0');
  for (size_t i = 0; i < out.size(); ++i) {
    out[out.size() - 1 - i] = static_cast<char>(value >> 8 * i & 255);
  }
  return out;
}

Bytes checksum_of(ChecksumKind kind, BytesView bytes) {
  Checksum checksum(kind);
  checksum.update(bytes);
  return checksum.finish();
}

}  // namespace millrace::auth
