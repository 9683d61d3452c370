// AwsChunkedReader: the body inside an `aws-chunked` upload, with every chunk's signature verified.
//
// Wire form (S3 API Reference, "Signature calculations: transferring payload in multiple chunks"
// and "… trailing headers"):
//   <hex size>[;chunk-signature=<64 hex>]CRLF <bytes> CRLF … 0[;chunk-signature=…]CRLF
//   [<name>:<value>CRLF … [x-amz-trailer-signature:<64 hex>CRLF]] CRLF
//
// Streams in constant memory: bytes are handed out as they arrive, before their chunk's signature
// has been seen, and the chunk's end is checked before a byte of the next one is handed out. Only
// the read that answers 0 says that all of it, trailers and length too, is what the client signed;
// until then the bytes are to be staged, never published. After an error every read fails alike.
//
// Not thread-safe; one read at a time. Errors: invalid or denied, with S3's code (problems.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "wire/auth/limits.h"
#include "wire/auth/problems.h"
#include "wire/auth/verify.h"
#include "wire/http/body.h"

namespace millrace::auth {

using Trailers = std::vector<std::pair<std::string, std::string>>;  // Names in lower case.

// The chain of signatures that runs through a signed stream, seeded by the request's.
class ChunkSignatures final {
 public:
  ChunkSignatures(Bytes signing_key, std::string iso_time, const CredentialScope& scope,
                  std::string seed);
  // The next chunk's signature, for its bytes' SHA-256 (raw); it becomes the previous one.
  const std::string& next(BytesView sha256_of_chunk);
  // The trailers' signature, for `name:value\n` of each.
  std::string trailer(std::string_view canonical_trailers) const;

 private:
  Bytes signing_key_;
  std::string iso_time_;
  std::string scope_;
  std::string previous_;
};

struct ChunkedStream {
  PayloadMode mode = PayloadMode::streaming_unsigned_trailer;
  uint64_t decoded_length = 0;                // x-amz-decoded-content-length
  std::vector<std::string> trailer_names;     // x-amz-trailer, lower case; others are refused.
  std::optional<ChunkSignatures> signatures;  // Of the signed modes.
  uint64_t chunk_bytes_min = limits::kChunkBytesMin;
};

// From the request's headers and what verify() answered (a streaming mode).
// Problems: decoded_length_missing, body_too_large, trailer_malformed.
std::expected<ChunkedStream, AuthFailure> chunked_stream(const RequestView& request,
                                                         const Verified& verified);

// The state machine without any I/O: takes bytes in, gives the body's bytes out.
class AwsChunkedDecoder final {
 public:
  explicit AwsChunkedDecoder(ChunkedStream stream);

  struct Step {
    size_t consumed = 0;  // Of the input. 0 only with an empty input, or at the end.
    BytesView payload;    // Within the input.
  };
  // Consumes a part of `input`. An error ends the decoder.
  std::expected<Step, AuthFailure> step(BytesView input);
  bool ended() const { return state_ == State::ended; }
  const Trailers& trailers() const { return trailers_; }
  uint64_t decoded_length() const { return stream_.decoded_length; }

 private:
  enum class State : uint8_t { chunk_line, chunk_bytes, chunk_end, trailer_line, ended };
  using Done = std::expected<void, AuthFailure>;

  bool is_signed() const { return stream_.signatures.has_value(); }
  bool has_trailers() const { return stream_.mode != PayloadMode::streaming_signed; }
  Done take_line(char c, size_t line_max);
  Done on_chunk_line();
  Done on_chunk_data_end();
  Done on_trailer_line();
  Done on_end();

  ChunkedStream stream_;
  State state_ = State::chunk_line;
  std::string line_;  // A chunk line or a trailer line, as far as it has come.
  bool line_complete_ = false;
  uint64_t chunk_left_ = 0;
  uint64_t decoded_ = 0;
  bool small_chunk_seen_ = false;
  bool blank_seen_ = false;
  std::string chunk_signature_;
  Digest chunk_digest_{DigestKind::sha256};
  size_t end_bytes_ = 0;  // Of the CRLF after a chunk's bytes.
  size_t trailer_bytes_ = 0;
  std::string canonical_trailers_;
  std::string trailer_signature_;
  Trailers trailers_;
};

class AwsChunkedReader final : public http::BodyReader {
 public:
  // `source` outlives this.
  AwsChunkedReader(http::BodyReader& source, ChunkedStream stream);
  ~AwsChunkedReader() override;

  Task<size_t> read(char* buffer, size_t size) override;
  std::optional<uint64_t> content_length() const override { return decoder_.decoded_length(); }
  // Complete once read() has answered 0.
  const Trailers& trailers() const { return decoder_.trailers(); }

 private:
  http::BodyReader& source_;
  AwsChunkedDecoder decoder_;
  Bytes buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::optional<Error> failed_;
};

// The client's side: the whole stream of `chunks`, for tests and small uploads.
Bytes encode_aws_chunked(std::vector<BytesView> chunks, std::optional<ChunkSignatures> signatures,
                         bool with_trailers, const Trailers& trailers);

}  // namespace millrace::auth
