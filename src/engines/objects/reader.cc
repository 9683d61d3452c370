#include <algorithm>

#include "engines/objects/versions.h"

namespace millrace::objects {
namespace {

constexpr int kOpenAttemptsMax = 16;  // Of an object that is being replaced all the time.

// Ends a read where a checksum's bytes end, so that the next read begins there and no bytes are
// verified twice.
size_t up_to_chunk(uint64_t begin, size_t wanted) {
  const uint64_t end = (begin + wanted) / store::kBlobChunkBytes * store::kBlobChunkBytes;
  return end > begin ? static_cast<size_t>(end - begin) : wanted;
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
  Task<void> open(size_t index);

  Objects::State& owner;
  Object object;
  std::vector<Segment> segments;
  std::vector<uint64_t> ends;  // Of the segments, within the object.
  std::vector<std::string> pinned;
  std::optional<store::BlobReader> blob;
  std::string opened;  // The id of `blob`.
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

Task<void> Reader::State::open(size_t index) {
  const store::BlobId& wanted = segments[index].blob;
  if (blob && opened == wanted.text()) co_return ok;
  CO_TRY(store::BlobReader reader, co_await owner.world.blobs.open(wanted));
  blob.emplace(std::move(reader));
  opened = wanted.text();
  co_return ok;
}

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

const Object& Reader::object() const { return state_->object; }
const std::vector<Segment>& Reader::segments() const { return state_->segments; }
uint64_t Reader::size() const { return state_->object.entry.size_bytes; }

Task<size_t> Reader::read_at(uint64_t offset, char* bytes, size_t size) {
  State* const state = state_.get();
  if (offset >= this->size() || size == 0) co_return size_t{0};
  const size_t index = state->find(offset);
  const Segment& segment = state->segments[index];
  const uint64_t inside = offset - (state->ends[index] - segment.length);
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(size, segment.length - inside));
  if (segment.blob.empty()) {
    segment.bytes.copy(bytes, wanted, inside);
    co_return wanted;
  }
  CO_TRY(co_await state->open(index));
  const uint64_t begin = segment.offset + inside;
  const size_t step = up_to_chunk(begin, wanted);
  CO_TRY(const size_t got, co_await state->blob->read_at(begin, bytes, step));
  if (got != step) co_return fail(ErrorKind::internal, "a blob is shorter than its row says");
  co_return got;
}

Task<Bytes> Reader::read_at(uint64_t offset, size_t size) {
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
  return Found{Object{std::move(found->entry), std::move(content.metadata),
                      std::move(content.checksums), std::move(content.parts)},
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
