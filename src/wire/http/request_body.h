// RequestBody: the body of the request in hand, read from its connection as it is pulled. Private.
#pragma once

#include "wire/http/connection.h"

namespace millrace::http {

class RequestBody final : public BodyReader {
 public:
  explicit RequestBody(Connection& connection);

  Task<size_t> read(char* buffer, size_t size) override;
  std::optional<uint64_t> content_length() const override;

  bool ended() const { return ended_; }
  bool failed() const { return failure_.has_value(); }
  // The peer still waits for "100 Continue", and may never send the body.
  bool awaited() const { return awaited_; }
  // Too much is left for the connection to be worth keeping.
  bool undrainable(uint64_t bytes) const { return remaining_ > bytes; }
  // No interim answer may be sent once the final one has begun.
  void answer_began() { awaited_ = false; }
  // Reads and drops at most `bytes`. True at the end of the body.
  Task<bool> drain(uint64_t bytes);

 private:
  Task<size_t> read_sized(char* buffer, size_t size);
  Task<size_t> read_chunked(char* buffer, size_t size);
  std::unexpected<Error> remember(ErrorKind kind, std::string message);

  Connection& connection_;
  ChunkDecoder decoder_;
  uint64_t remaining_ = 0;  // Of a sized body.
  uint64_t received_ = 0;
  bool awaited_ = false;
  bool ended_ = false;
  std::optional<Error> failure_;
};

}  // namespace millrace::http
