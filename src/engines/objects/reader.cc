#include <algorithm>

#include "engines/objects/reader_state.h"
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

bool Reader::State::one_blob() const {
  const std::vector<Segment>& all = segments();
  return std::ranges::all_of(all, [&all](const Segment& segment) {
    return segment.blob.empty() || segment.blob == all.front().blob;
  });
}

void Reader::State::pin() {
  owner.pins.with([this](std::map<std::string, unsigned>& pins) {
    for (const Segment& segment : segments()) {
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
  return static_cast<size_t>(std::ranges::upper_bound(ends(), offset) - ends().begin());
}

bool Reader::State::copy_kept(uint64_t offset, size_t size, char* out) {
  if (read.found.bytes == nullptr || size == 0) return false;
  if (read.found.bytes->copy(offset, size, out)) return true;
  // The memory is damaged, and the disk may not be.
  owner.hot.forget(read.key, read.found.rows);
  read.found.bytes = nullptr;
  return false;
}

void Reader::State::keep(BytesView bytes) const {
  const Guard guard = object().protection.guard;
  const bool open_to_the_platform = guard == Guard::none || guard == Guard::platform;
  if (!read.seen || read.found.bytes != nullptr || !open_to_the_platform) return;
  const auto in_row = [](const Segment& segment) { return segment.blob.empty(); };
  if (!std::ranges::all_of(segments(), in_row)) return;
  owner.hot.keep_bytes(read.key, read.found.rows, bytes);
}

Task<void> Reader::State::open(size_t index) {
  const store::BlobId& wanted = segments()[index].blob;
  if (blob && opened == wanted.text()) co_return ok;
  CO_TRY(store::BlobReader reader, co_await owner.world.blobs.open(wanted));
  blob.emplace(std::move(reader));
  opened = wanted.text();
  co_return ok;
}

Result<void> Reader::State::unlock(const Secret& caller_key) {
  if (unlocked) return {};
  const Entry& entry = object().entry;
  const ObjectId id{entry.bucket, entry.object_key};
  TRY(data_key, owner.unprotect(id, object().protection, caller_key));
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
  const Segment& segment = segments()[index];
  if (segment.blob.empty()) {
    if (segment.bytes.size() < range.offset + range.length) {
      co_return fail(ErrorKind::internal, "a sealed row is shorter than it says");
    }
    co_return BytesView(segment.bytes).substr(range.offset, range.length);
  }
  CO_TRY(co_await open(index));
  if (scratch_bytes < range.length) {
    scratch.reset(new char[range.length]);
    scratch_bytes = range.length;
  }
  CO_TRY(const size_t got, co_await blob->read_at(range.offset, scratch.get(), range.length));
  if (got != range.length) {
    co_return fail(ErrorKind::internal, "a blob is shorter than its row says");
  }
  co_return BytesView(scratch.get(), got);
}

// Whole chunks are opened where they are wanted. The one in which the range begins or ends is kept,
// so that reading on in small pieces opens each chunk once.
Task<size_t> Reader::State::read_sealed(size_t index, uint64_t begin, char* bytes, size_t wanted) {
  const Segment& segment = segments()[index];
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

const Object& Reader::object() const { return state_->object(); }
const std::vector<Segment>& Reader::segments() const { return state_->segments(); }
uint64_t Reader::size() const { return state_->object().entry.size_bytes; }

// What is kept needs no key.
Result<void> Reader::unlock(const Secret& caller_key) {
  return state_->read.found.bytes != nullptr ? Result<void>() : state_->unlock(caller_key);
}

const Secret& Reader::data_key() const { return state_->data_key; }

Task<size_t> Reader::read_at(uint64_t offset, char* bytes, size_t size) {
  State* const state = state_.get();
  if (offset >= this->size() || size == 0) co_return size_t{0};
  const auto there = static_cast<size_t>(std::min<uint64_t>(size, this->size() - offset));
  if (state->copy_kept(offset, there, bytes)) co_return there;
  const size_t index = state->find(offset);
  const Segment& segment = state->segments()[index];
  const uint64_t inside = offset - (state->ends()[index] - segment.length);
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
  const uint64_t left = offset < this->size() ? this->size() - offset : 0;
  Bytes bytes(static_cast<size_t>(std::min<uint64_t>(size, left)), '\0');
  if (bytes.empty() || state_->copy_kept(offset, bytes.size(), bytes.data())) co_return bytes;
  size_t done = 0;
  while (done < bytes.size()) {
    CO_TRY(const size_t got,
           co_await read_at(offset + done, bytes.data() + done, bytes.size() - done));
    done += got;
  }
  if (bytes.size() == this->size()) state_->keep(bytes);
  co_return bytes;
}

Result<Objects::State::Read> Objects::State::find_object(const ObjectId& id) const {
  Read out;
  HotObjects::Ticket ticket;
  if (id.version.empty()) {
    out.key = store::key_prefix(id.bucket, id.key);
    out.found = hot.find(out.key, ticket);
    out.seen = out.found.rows != nullptr;
    if (out.seen) return out;
  }
  store::Txn txn = world.db.begin();
  TRY(std::optional<Located> found, locate(txn, id));
  if (!found || found->entry.marker) return no_object(id);
  TRY(Content content, content_of(txn, *found));
  auto rows = std::make_shared<ObjectRows>();
  rows->object = {std::move(found->entry), std::move(content.metadata),
                  std::move(content.checksums), std::move(content.parts),
                  std::move(content.protection)};
  rows->segments = std::move(content.segments);
  uint64_t end = 0;
  for (const Segment& segment : rows->segments) rows->ends.push_back(end += segment.length);
  out.found.rows = std::move(rows);
  if (id.version.empty()) hot.keep(out.key, ticket, out.found.rows);
  return out;
}

// Between reading the rows and opening their blobs, the object may be replaced and its blobs
// removed. One blob is opened at once, and then stays readable. Several are pinned, and then seen
// to be still in use: who removes them commits first and looks at the pins afterwards.
Task<Reader> Objects::read(ObjectId id) {
  State& self = *state_;
  for (int attempt = 1;; ++attempt) {
    CO_TRY(State::Read read, self.find_object(id));
    auto state = std::make_unique<Reader::State>(self, std::move(read));
    if (state->read.found.bytes != nullptr) co_return Reader(std::move(state));
    Result<void> opened;
    if (!state->one_blob()) {
      state->pin();
      CO_TRY(const State::Read again, self.find_object(id));
      if (again.found.rows->segments != state->segments()) {
        opened = fail(ErrorKind::not_found, "the object is replaced all the time");
      }
    } else if (!state->segments().empty() && !state->segments().front().blob.empty()) {
      opened = co_await state->open(0);
    }
    if (opened) co_return Reader(std::move(state));
    if (opened.error().kind != ErrorKind::not_found) co_return fail(std::move(opened).error());
    if (attempt >= kOpenAttemptsMax) co_return fail(ErrorKind::internal, opened.error().message);
  }
}

}  // namespace millrace::objects
