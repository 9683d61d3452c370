#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "runtime/log.h"
#include "store/blobs_state.h"

namespace millrace::store {
namespace {

using runtime::OpenMode;

constexpr size_t kSumsKeptBytes = 16 * 1024;     // Of 256 MiB.
constexpr size_t kReadAtOnceBytes = 256 * 1024;  // From memory, on the caller's thread.

}  // namespace

// --- Opening ---------------------------------------------------------------------------------

Result<void> BlobReader::State::open() {
  TRY(const runtime::Path place, blobs.path(id));
  TRY(file, blobs.disk.open(place, OpenMode::read));
  TRY(const uint64_t file_bytes, file->size());
  size = file_bytes;
  if (format_of(id) == kPlainFormat) return {};
  if (format_of(id) != kSummedFormat) {
    return fail(ErrorKind::internal, fmt::format("blob {} is of format {}, which is unknown here",
                                                 id.text(), format_of(id)));
  }
  const std::optional<BlobLayout> found = BlobLayout::of_file(file_bytes);
  if (!found) return damaged(file_bytes, "the file has lost bytes");
  summed = true;
  layout = *found;
  size = layout.size;
  const uint64_t sums_bytes = layout.chunks * kSumBytes;
  const size_t kept = sums_bytes <= kSumsKeptBytes ? static_cast<size_t>(sums_bytes) : 0;
  Bytes tail(kept + kFooterBytes, '\0');
  TRY(const size_t got, file->read_at(file_bytes - tail.size(), tail.data(), tail.size()));
  const BytesView footer = BytesView(tail).substr(kept);
  if (got != tail.size() || !is_footer_of(footer, id, size)) {
    return damaged(layout.footer_at(), "the footer is not this blob's");
  }
  tail.resize(kept);
  sums = std::move(tail);
  return {};
}

std::unexpected<Error> BlobReader::State::damaged(uint64_t offset, std::string_view what) const {
  blobs.damages.fetch_add(1, std::memory_order_relaxed);
  std::string message = fmt::format("blob {} is damaged at offset {}: {}", id.text(), offset, what);
  runtime::log(
      runtime::LogLevel::error, "blob.damaged",
      {{"blob", id.text()}, {"offset", std::to_string(offset)}, {"what", std::string(what)}});
  return fail(ErrorKind::internal, std::move(message));
}

// --- Reading ---------------------------------------------------------------------------------

Result<size_t> BlobReader::State::read_file(uint64_t offset, char* bytes, size_t length,
                                            Wait wait) const {
  return wait == Wait::yes ? file->read_at(offset, bytes, length)
                           : file->read_cached(offset, bytes, length);
}

Result<std::optional<uint32_t>> BlobReader::State::sum_of(uint64_t chunk, Wait wait) const {
  if (!sums.empty()) return sum_in(sums, static_cast<size_t>(chunk));
  Bytes sum(kSumBytes, '\0');
  TRY(const size_t got, read_file(layout.sum_at(chunk), sum.data(), sum.size(), wait));
  if (got == sum.size()) return sum_in(sum, 0);
  if (wait == Wait::no) return std::nullopt;
  return damaged(layout.sum_at(chunk), "the file has lost bytes");
}

Result<bool> BlobReader::State::read_chunk(uint64_t chunk, char* bytes, size_t length,
                                           Wait wait) const {
  const uint64_t offset = chunk * kBlobChunkBytes;
  TRY(const size_t got, read_file(offset, bytes, length, wait));
  if (got != length && wait == Wait::no) return false;
  if (got != length) return damaged(offset + got, "the file has lost bytes");
  TRY(const std::optional<uint32_t> expected, sum_of(chunk, wait));
  if (!expected) return false;
  const uint32_t found = crc32c(0, {bytes, length});
  if (found == *expected) return true;
  return damaged(offset, fmt::format("the checksum of {} bytes is {:08x}, not {:08x}", length,
                                     found, *expected));
}

Result<size_t> BlobReader::State::read(uint64_t offset, char* bytes, size_t wanted,
                                       Wait wait) const {
  if (offset >= size) return 0;
  wanted = static_cast<size_t>(std::min<uint64_t>(wanted, size - offset));
  if (!summed) return read_file(offset, bytes, wanted, wait);
  std::unique_ptr<char[]> aside;  // A chunk of which only a piece is wanted.
  size_t done = 0;
  while (done < wanted) {
    const uint64_t chunk = (offset + done) / kBlobChunkBytes;
    const uint64_t begin = chunk * kBlobChunkBytes;
    const auto length = static_cast<size_t>(std::min<uint64_t>(kBlobChunkBytes, size - begin));
    const auto skipped = static_cast<size_t>(offset + done - begin);
    const size_t piece = std::min(length - skipped, wanted - done);
    const bool whole = piece == length;
    if (!whole && aside == nullptr) aside.reset(new char[kBlobChunkBytes]);
    char* const place = whole ? bytes + done : aside.get();
    TRY(const bool is_there, read_chunk(chunk, place, length, wait));
    if (!is_there) break;
    if (!whole) std::memcpy(bytes + done, place + skipped, piece);
    done += piece;
  }
  return done;
}

BlobReader::BlobReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobReader::BlobReader(BlobReader&&) noexcept = default;
BlobReader& BlobReader::operator=(BlobReader&&) noexcept = default;
BlobReader::~BlobReader() = default;

uint64_t BlobReader::size() const { return state_->size; }

Task<size_t> BlobReader::read_at(uint64_t offset, char* bytes, size_t size) {
  State* const state = state_.get();
  size_t done = 0;
  // What the system has in memory costs less to copy and to verify than a change of threads.
  if (size <= kReadAtOnceBytes) {
    CO_TRY(done, state->read(offset, bytes, size, State::Wait::no));
    const uint64_t there = offset < state->size ? state->size - offset : 0;
    if (done == std::min<uint64_t>(size, there)) co_return done;
  }
  const auto work = [state, offset, bytes, size, done]() -> Result<size_t> {
    return state->read(offset + done, bytes + done, size - done, State::Wait::yes);
  };
  Task<size_t> run = state->blobs.pool.run(work);
  CO_TRY(const size_t rest, co_await std::move(run));
  co_return done + rest;
}

Task<Bytes> BlobReader::read_at(uint64_t offset, size_t size) {
  const uint64_t left = offset < state_->size ? state_->size - offset : 0;
  Bytes bytes(static_cast<size_t>(std::min<uint64_t>(size, left)), '\0');
  CO_TRY(const size_t got, co_await read_at(offset, bytes.data(), bytes.size()));
  bytes.resize(got);
  co_return bytes;
}

Result<std::unique_ptr<BlobReader::State>> Blobs::State::open(const BlobId& id) {
  auto reader = std::make_unique<BlobReader::State>(*this, id);
  TRY(of_disk(reader->open()));
  return reader;
}

Task<BlobReader> Blobs::open(BlobId id) {
  State* const state = state_.get();
  const auto work = [state, id]() -> Result<BlobReader> {
    TRY(auto reader, state->open(id));
    return BlobReader(std::move(reader));
  };
  Task<BlobReader> run = state->pool.run(work);
  co_return co_await std::move(run);
}

Task<Bytes> Blobs::read(BlobId id, uint64_t size_max) {
  State* const state = state_.get();
  const auto work = [state, id, size_max]() -> Result<Bytes> {
    TRY(const auto reader, state->open(id));
    if (reader->size > size_max) {
      return fail(ErrorKind::exhausted,
                  fmt::format("blob {} has {} bytes; at most {} are read here", id.text(),
                              reader->size, size_max));
    }
    Bytes bytes(static_cast<size_t>(reader->size), '\0');
    TRY(const size_t got,
        reader->read(0, bytes.data(), bytes.size(), BlobReader::State::Wait::yes));
    bytes.resize(got);
    return bytes;
  };
  Task<Bytes> run = state->pool.run(work);
  co_return co_await std::move(run);
}

}  // namespace millrace::store
