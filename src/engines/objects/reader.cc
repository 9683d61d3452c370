#include <algorithm>

#include "engines/objects/sealing.h"
#include "engines/objects/versions.h"

namespace millrace::objects {
namespace {

constexpr size_t kOpenedAtOnce = 4 * kPlainChunkBytes;
constexpr int kOpenAttemptsMax = 16;  // Of an object that is being replaced all the time.

// Ends a read where a checksum's bytes end, so that the next read begins there and no bytes are
// verified twice.
size_t up_to_chunk(uint64_t begin, size_t wanted) {
  const uint64_t end = (begin + wanted) / store::kBlobChunkBytes * store::kBlobChunkBytes;
  return end > begin ? static_cast<size_t>(end - begin) : wanted;
}

// How many bytes at `begin`, where a chunk begins, are whole chunks that `wanted` has room for.
size_t whole_chunks(const Opener& opener, uint64_t begin, size_t wanted) {
  size_t whole = 0;
  for (uint64_t index = begin / kPlainChunkBytes; whole < std::min(wanted, kOpenedAtOnce);
       ++index) {
    const size_t plain = opener.plain_of(index);
    if (plain > wanted - whole) break;
    whole += plain;
  }
  return whole;
}

Result<size_t> open_chunks(Opener& opener, uint64_t index, BytesView sealed, char* out) {
  size_t done = 0;
  for (; !sealed.empty(); ++index) {
    const size_t plain = opener.plain_of(index);
    const size_t whole = plain + Cipher::kTagBytes;
    if (sealed.size() < whole) return fail(ErrorKind::internal, "a sealed chunk is cut off");
    TRY(opener.open(index, sealed.substr(0, whole), out + done));
    sealed.remove_prefix(whole);
    done += plain;
  }
  return done;
}

}  // namespace

struct Reader::State {
  explicit State(Objects::State& o) : owner(o) {}
  ~State() { unpin(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void pin();
  void unpin();
  bool one_blob() const;
  // The segment that has the byte at `offset`.
  size_t find(uint64_t offset) const;
  // The range, where it lies in the row as it is; else nothing.
  BytesView in_row(uint64_t offset, size_t size) const;
  Task<void> open(size_t index);
  Result<void> unlock(const Secret& caller_key);
  // Makes `opener` that of the segment's stream.
  Result<void> open_stream(const Segment& segment);
  // Plain bytes of the segment at `begin` of its stream.
  Task<size_t> read_sealed(size_t index, uint64_t begin, char* bytes, size_t wanted);
  // The sealed bytes of the range: in the row, or in `scratch`.
  Task<BytesView> fetch(size_t index, SealedRange range);

  Objects::State& owner;
  Object object;
  std::vector<Segment> segments;
  std::vector<uint64_t> ends;  // Of the segments, within the object.
  std::vector<std::string> pinned;
  std::optional<store::BlobReader> blob;
  std::string opened;  // The id of `blob`.
  bool unlocked = false;
  Secret data_key;
  std::optional<Opener> opener;
  Bytes stream;              // The wrapped key of `opener`.
  Bytes scratch;             // Sealed bytes.
  Secret chunk;              // The plain text of a chunk that was asked for in pieces…
  uint64_t chunk_index = 0;  // …and its number, in the stream of `opener`.
};

bool Reader::State::one_blob() const {
  return std::ranges::all_of(segments, [this](const Segment& segment) {
    return segment.blob.empty() || segment.blob == segments.front().blob;
  });
}

void Reader::State::pin() {
  owner.pins.with([this](std::map<std::string, unsigned>& pins) {
    for (const Segment& segment : segments) {
      if (segment.blob.empty()) continue;
      ++pins[segment.blob.text()];
      pinned.push_back(segment.blob.text());
    }
  });
}

void Reader::State::unpin() {
  if (pinned.empty()) return;
  owner.pins.with([this](std::map<std::string, unsigned>& pins) {
    for (const std::string& blob_id : pinned) {
      const auto found = pins.find(blob_id);
      if (--found->second == 0) pins.erase(found);
    }
  });
  pinned.clear();
}

size_t Reader::State::find(uint64_t offset) const {
  return static_cast<size_t>(std::ranges::upper_bound(ends, offset) - ends.begin());
}

BytesView Reader::State::in_row(uint64_t offset, size_t size) const {
  if (segments.size() != 1) return {};
  const Segment& only = segments.front();
  if (!only.blob.empty() || only.seal || offset >= only.bytes.size()) return {};
  return BytesView(only.bytes).substr(offset, size);
}

Task<void> Reader::State::open(size_t index) {
  const store::BlobId& wanted = segments[index].blob;
  if (blob && opened == wanted.text()) co_return ok;
  CO_TRY(store::BlobReader reader, co_await owner.world.blobs.open(wanted));
  blob.emplace(std::move(reader));
  opened = wanted.text();
  co_return ok;
}

Result<void> Reader::State::unlock(const Secret& caller_key) {
  if (unlocked) return {};
  const ObjectId id{object.entry.bucket, object.entry.object_key};
  TRY(data_key, owner.unprotect(id, object.protection, caller_key));
  unlocked = true;
  return {};
}

Result<void> Reader::State::open_stream(const Segment& segment) {
  if (opener && stream == segment.seal->key) return {};
  const uint64_t stream_bytes = segment.seal->plain_bytes;
  if (segment.length > stream_bytes || segment.offset > stream_bytes - segment.length) {
    return fail(ErrorKind::internal, "a segment is longer than its stream");
  }
  TRY(unlock({}));
  TRY(const Secret key, unwrap_stream_key(data_key, segment.seal->key));
  opener.emplace(key, stream_bytes);
  stream = segment.seal->key;
  chunk = {};
  return {};
}

Task<BytesView> Reader::State::fetch(size_t index, SealedRange range) {
  const Segment& segment = segments[index];
  if (segment.blob.empty()) {
    if (segment.bytes.size() < range.offset + range.length) {
      co_return fail(ErrorKind::internal, "a sealed row is shorter than it says");
    }
    co_return BytesView(segment.bytes).substr(range.offset, range.length);
  }
  CO_TRY(co_await open(index));
  scratch.resize(range.length);
  CO_TRY(const size_t got, co_await blob->read_at(range.offset, scratch.data(), scratch.size()));
  if (got != scratch.size()) {
    co_return fail(ErrorKind::internal, "a blob is shorter than its row says");
  }
  co_return scratch;
}

// Whole chunks are opened where they are wanted. The one in which the range begins or ends is kept,
// so that reading on in small pieces opens each chunk once.
Task<size_t> Reader::State::read_sealed(size_t index, uint64_t begin, char* bytes, size_t wanted) {
  const Segment& segment = segments[index];
  CO_TRY(open_stream(segment));
  const uint64_t first = begin / kPlainChunkBytes;
  const auto skip = static_cast<size_t>(begin % kPlainChunkBytes);
  if (chunk.empty() || chunk_index != first) {
    const size_t whole = skip == 0 ? whole_chunks(*opener, begin, wanted) : 0;
    CO_TRY(const BytesView sealed,
           co_await fetch(index, opener->locate(begin, std::max<size_t>(whole, 1))));
    if (whole != 0) co_return open_chunks(*opener, first, sealed, bytes);
    const size_t plain_bytes = opener->plain_of(first);
    Secret plain;
    CO_TRY(opener->open(first, sealed, plain.resize(plain_bytes)));
    chunk = std::move(plain);
    chunk_index = first;
  }
  co_return chunk.view().copy(bytes, wanted, skip);
}

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

const Object& Reader::object() const { return state_->object; }
Result<void> Reader::unlock(const Secret& caller_key) { return state_->unlock(caller_key); }
const Secret& Reader::data_key() const { return state_->data_key; }
const std::vector<Segment>& Reader::segments() const { return state_->segments; }
uint64_t Reader::size() const { return state_->object.entry.size_bytes; }

Task<size_t> Reader::read_at(uint64_t offset, char* bytes, size_t size) {
  State* const state = state_.get();
  if (offset >= this->size() || size == 0) co_return size_t{0};
  const size_t index = state->find(offset);
  const Segment& segment = state->segments[index];
  const uint64_t inside = offset - (state->ends[index] - segment.length);
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(size, segment.length - inside));
  const uint64_t begin = segment.offset + inside;
  if (segment.seal) co_return co_await state->read_sealed(index, begin, bytes, wanted);
  if (segment.blob.empty()) {
    segment.bytes.copy(bytes, wanted, inside);
    co_return wanted;
  }
  CO_TRY(co_await state->open(index));
  const size_t step = up_to_chunk(begin, wanted);
  CO_TRY(const size_t got, co_await state->blob->read_at(begin, bytes, step));
  if (got != step) co_return fail(ErrorKind::internal, "a blob is shorter than its row says");
  co_return got;
}

Task<Bytes> Reader::read_at(uint64_t offset, size_t size) {
  if (const BytesView there = state_->in_row(offset, size); !there.empty()) co_return Bytes(there);
  const uint64_t left = offset < this->size() ? this->size() - offset : 0;
  Bytes bytes(static_cast<size_t>(std::min<uint64_t>(size, left)), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    CO_TRY(const size_t got,
           co_await read_at(offset + done, bytes.data() + done, bytes.size() - done));
    done += got;
  }
  co_return bytes;
}

namespace {

// The rows of the object at one moment.
struct Found {
  Object object;
  std::vector<Segment> segments;
};

Result<Found> find_object(store::Database& db, const ObjectId& id) {
  store::Txn txn = db.begin();
  TRY(std::optional<Located> found, locate(txn, id));
  if (!found || found->entry.marker) return no_object(id);
  TRY(Content content, content_of(txn, *found));
  return Found{
      Object{std::move(found->entry), std::move(content.metadata), std::move(content.checksums),
             std::move(content.parts), std::move(content.protection)},
      std::move(content.segments)};
}

}  // namespace

// Between reading the rows and opening their blobs, the object may be replaced and its blobs
// removed. One blob is opened at once, and then stays readable. Several are pinned, and then seen
// to be still in use: who removes them commits first and looks at the pins afterwards.
Task<Reader> Objects::read(ObjectId id) {
  State& self = *state_;
  for (int attempt = 1;; ++attempt) {
    CO_TRY(Found found, find_object(self.world.db, id));
    auto state = std::make_unique<Reader::State>(self);
    state->object = std::move(found.object);
    state->segments = std::move(found.segments);
    uint64_t end = 0;
    for (const Segment& segment : state->segments) state->ends.push_back(end += segment.length);
    Result<void> opened;
    if (!state->one_blob()) {
      state->pin();
      CO_TRY(const Found again, find_object(self.world.db, id));
      if (again.segments != state->segments) {
        opened = fail(ErrorKind::not_found, "the object is replaced all the time");
      }
    } else if (!state->segments.empty() && !state->segments.front().blob.empty()) {
      opened = co_await state->open(0);
    }
    if (opened) co_return Reader(std::move(state));
    if (opened.error().kind != ErrorKind::not_found) co_return fail(std::move(opened).error());
    if (attempt >= kOpenAttemptsMax) co_return fail(ErrorKind::internal, opened.error().message);
  }
}

}  // namespace millrace::objects
