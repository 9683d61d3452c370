#include "services/s3/inventory/gzip.h"

#include "base/result.h"

namespace millrace::s3 {
namespace {

constexpr size_t kPieceBytes = 256 * 1024;

}  // namespace

Gzip::Gzip() {
  constexpr int kGzip = 15 + 16;  // zlib: the largest window, in gzip's format.
  ASSERT(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) ==
         Z_OK);
}

Gzip::~Gzip() { deflateEnd(&stream_); }

void Gzip::update(BytesView plain, bool last, Bytes& out) {
  Bytes input(plain);
  stream_.next_in = reinterpret_cast<Bytef*>(input.data());
  stream_.avail_in = static_cast<uInt>(input.size());
  Bytes piece(kPieceBytes, '\0');
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = static_cast<uInt>(piece.size());
    ASSERT(deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH) != Z_STREAM_ERROR);
    out.append(piece, 0, piece.size() - stream_.avail_out);
  } while (stream_.avail_out == 0);
}

Bytes gzip(BytesView plain) {
  Bytes out;
  Gzip().update(plain, true, out);
  return out;
}

}  // namespace millrace::s3
