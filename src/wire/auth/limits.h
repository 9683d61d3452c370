// Limits of the authentication module. What is larger is refused before anything is computed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace millrace::auth::limits {

inline constexpr size_t kAuthorizationBytesMax = 4096;    // The Authorization header's value.
inline constexpr size_t kQueryBytesMax = 64 * 1024;       // The raw query string.
inline constexpr size_t kQueryParametersMax = 1000;       // Parameters of one query string.
inline constexpr size_t kPathBytesMax = 16 * 1024;        // The raw path; S3 keys are 1,024 bytes.
inline constexpr size_t kAccessKeyIdBytesMax = 128;       // AWS: IAM AccessKeyIdType.
inline constexpr size_t kScopePartBytesMax = 64;          // Region or service.
inline constexpr size_t kSignedHeadersMax = 100;          // Names in SignedHeaders.
inline constexpr size_t kSessionTokenBytesMax = 8192;     // A temporary key's token.
inline constexpr size_t kSigningKeysMax = 1024;           // Entries in the signing-key cache.
inline constexpr std::chrono::minutes kSkewMax{15};       // Between the request's time and ours.
inline constexpr int64_t kPresignedSecondsMax = 604'800;  // AWS: seven days.

inline constexpr size_t kChunkLineBytesMax = 256;         // `<hex>;chunk-signature=<64>`.
inline constexpr uint64_t kChunkBytesMin = 8192;          // AWS: of every chunk but the last.
inline constexpr uint64_t kDecodedBytesMax = 5ULL << 30;  // AWS: 5 GiB in one PUT or part.
inline constexpr size_t kTrailerBytesMax = 4096;          // All trailer lines together.
inline constexpr size_t kTrailersMax = 16;
inline constexpr size_t kChunkBufferBytes = 64 * 1024;  // Read from the source at once.

}  // namespace millrace::auth::limits
