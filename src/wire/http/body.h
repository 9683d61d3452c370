// BodyReader: the bytes of a message, pulled by whoever wants them.
//
// Nothing is read from the peer before it is asked for, so that a slow reader slows the sender and
// an upload of any size takes constant memory. One read at a time; a request's reader continues on
// the loop of its connection, and is used no longer than until the answer has been sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "runtime/task.h"

namespace millrace::http {

class BodyReader {
 public:
  virtual ~BodyReader() = default;

  // Reads up to `size` (> 0) bytes into `buffer`, which stays until the task ends; 0 is the end.
  // Errors: invalid (malformed or truncated), deadline (the peer is too slow, or the server stops),
  // exhausted (longer than the limit). After an error every read fails alike.
  virtual Task<size_t> read(char* buffer, size_t size) = 0;

  // What the sender announced; nothing where the body comes in chunks.
  virtual std::optional<uint64_t> content_length() const = 0;
};

std::unique_ptr<BodyReader> make_bytes_body(Bytes bytes);
// The same without an announced length, at most `piece_bytes` a read.
std::unique_ptr<BodyReader> make_pieces_body(Bytes bytes, size_t piece_bytes);

// Reads to the end. Errors: those of read(), and exhausted when there are more than `size_max`.
Task<Bytes> read_all(BodyReader& body, size_t size_max);

}  // namespace millrace::http
