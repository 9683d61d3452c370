// MD5 and SHA-256 of the same bytes, together, of up to four streams at once.
//
// MD5 waits for its own last step in every step, and the processor's instructions for SHA-256 use
// what it leaves idle. The states of both are advanced by whole blocks; beginning and end of a
// stream are md5_lanes.h's. Pure. Private to the module. RFC 1321, FIPS 180-4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

using Md5State = std::array<uint32_t, 4>;
using Sha256State = std::array<uint32_t, 8>;
inline constexpr Sha256State kSha256Start = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
inline constexpr size_t kDigestBlockBytes = 64;  // Of both.
inline constexpr size_t kTwinLanes = 4;

struct TwinWork {
  Md5State* md5 = nullptr;
  Sha256State* sha256 = nullptr;  // Null: only the MD5 is wanted.
  const char* bytes = nullptr;
};

// Whether the processor can (SHA extensions and AVX-512VL, asked at run time).
bool has_twin_digest();

// Digests `blocks` blocks of each. 1 to kTwinLanes of them, those without a SHA-256 behind the
// others. Only where has_twin_digest().
void twin_digest(std::span<const TwinWork> work, size_t blocks);

}  // namespace millrace
