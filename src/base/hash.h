// Digests and checksums, incremental. SHA-256 and MD5 are OpenSSL's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace millrace {

enum class DigestKind : uint8_t { md5, sha1, sha256, sha512 };

// Not thread-safe. finish() ends it.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void update(BytesView bytes);
  Bytes finish();  // Raw bytes: 16, 20, 32 or 64.

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Bytes md5(BytesView bytes);
Bytes sha256(BytesView bytes);
Bytes hmac_sha256(BytesView key, BytesView bytes);  // 32 raw bytes.
Bytes hmac_sha1(BytesView key, BytesView bytes);    // 20 raw bytes; what old signatures use.

uint32_t crc32(uint32_t seed, BytesView bytes);       // IEEE 802.3, reflected; start with 0.
uint32_t crc32c(uint32_t seed, BytesView bytes);      // Castagnoli; start with 0.
uint64_t crc64_nvme(uint64_t seed, BytesView bytes);  // Rocksoft/NVMe; start with 0.

}  // namespace millrace
