// The bytes of objects on their way between the client and the engine; constant memory.
#pragma once

#include <memory>
#include <string_view>

#include "services/s3/ranges.h"
#include "services/s3/s3.h"
#include "wire/auth/checksum.h"

namespace millrace::s3 {

inline constexpr size_t kPieceBytes = 256 * 1024;
inline constexpr uint64_t kInsideBytesMax = 8 * 1024 * 1024;  // Of an answer to a call from inside.

// Writes the request's payload (`inside`, of a call from inside) into `writer`, which computes the
// MD5 only of the latter. Answers what the payload's verifier says of it. Errors: those of the
// verifier, IncompleteBody, RequestTimeout, EntityTooLarge.
Task<objects::Digests> receive(wire::Call& call, objects::Writer& writer, std::string_view inside);

// Whether the length is announced, and allowed. Errors: EntityTooLarge, MissingContentLength,
// NotImplemented (chunks of HTTP that do not tell it).
Result<void> check_announced(const S3& s3, const wire::Call& call);

// Makes the range the answer's body. Errors: internal (damage in its beginning; where it is further
// behind, the connection ends with it).
Task<void> send(wire::Call& call, std::shared_ptr<objects::Reader> reader, ByteRange range);

// The MD5 of the range, and the checksum of that kind.
Task<objects::Digests> digest(const S3& s3, objects::Reader& reader, ByteRange range,
                              std::optional<auth::ChecksumKind> kind);

}  // namespace millrace::s3
