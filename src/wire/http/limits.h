// Limits: everything that a peer could make large, many or slow, with a bound and a default.
//
// The defaults leave room for what AWS documents: S3 takes 5 GiB in one PUT (and aws-chunked
// framing around it), presigned URLs with a session token are several KiB long.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace millrace::http {

struct HeadLimits {
  size_t head_bytes = 32 * 1024;    // First line and headers with their line ends; answered 431.
  size_t target_bytes = 16 * 1024;  // Answered 414.
  size_t header_count = 128;        // Answered 431.
};

struct ChunkLimits {
  size_t line_bytes = 1024;         // Size and extensions of one chunk.
  size_t trailer_bytes = 8 * 1024;  // All trailers together; they are checked and dropped.
};

struct ServerLimits {
  HeadLimits head;
  ChunkLimits chunk;
  uint64_t body_bytes = 6ULL << 30;      // Of one request; read() answers `exhausted` beyond it.
  size_t connections = 4096;             // Further ones are answered 503 and closed.
  milliseconds idle{75'000};             // Between two requests.
  milliseconds head_time{20'000};        // From the first byte of a head to its last; 408.
  milliseconds body_stall{30'000};       // Waiting for the next bytes of a body.
  uint64_t body_bytes_per_second = 256;  // Least rate, over the time spent waiting for the peer,
  milliseconds body_grace{20'000};       // once it waited this long in all.
  milliseconds write_stall{60'000};      // The peer takes nothing of an answer.
  uint64_t drain_bytes = 256 * 1024;  // Unread body that is read and dropped to keep a connection.
  milliseconds linger{5'000};         // For the peer to read an answer before the close.
};

struct ClientLimits {
  HeadLimits head;
  ChunkLimits chunk;
  uint64_t body_bytes = 64ULL << 20;        // Of one answer; `exhausted` beyond it.
  size_t idle_connections_per_target = 32;  // Further ones are closed after use.
  milliseconds idle{60'000};                // Idle connections older than this are not used again.
};

}  // namespace millrace::http
