#include <fmt/format.h>

#include "engines/objects/ending.h"
#include "engines/objects/sealing.h"
#include "engines/objects/state.h"

namespace millrace::objects {
namespace {

constexpr size_t kDigestOnPool = 64 * 1024;  // From here on, hashing would hold up the loop.

}  // namespace

struct Writer::State {
  State(Objects::State& o, ObjectId i, Protected g)
      : owner(o), id(std::move(i)), guarded(std::move(g)) {
    if (!guarded.protection.sealed()) return;
    stream_key = make_stream_key(owner.world.random);
    sealer.emplace(stream_key);
  }

  ~State() {
    if (sealer && blob) owner.give_buffer(std::move(sealed));
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Task<void> hash(BytesView bytes);
  Task<void> append(BytesView bytes);
  // To the blob, sealed where the object is.
  Task<void> put(BytesView bytes);
  Seal seal() const;
  // Ends the bytes, where they are not; answers where they lie.
  Task<std::vector<Segment>> finish();
  Result<void> complete(Digests& digests);
  // After a commit that did not happen.
  Task<void> discard(std::vector<Segment> segments, ErrorKind why);

  Objects::State& owner;
  ObjectId id;
  std::string bucket_id;
  Metadata metadata;
  std::string upload;
  uint32_t number = 0;  // Of the part; 0: a whole object.
  std::optional<Digest> md5;
  Protected guarded;
  Secret stream_key;
  std::optional<Sealer> sealer;  // Where the object is sealed.
  Bytes sealed;                  // What is on its way to the blob.
  Bytes small;
  std::optional<store::BlobWriter> blob;
  uint64_t size = 0;
  std::optional<std::vector<Segment>> ended;  // By end_bytes(), and not committed.
};

Bytes Objects::State::take_buffer() {
  return spare_buffers.with([](std::vector<Bytes>& spare) {
    if (spare.empty()) return Bytes();
    Bytes buffer = std::move(spare.back());
    spare.pop_back();
    return buffer;
  });
}

void Objects::State::give_buffer(Bytes buffer) {
  spare_buffers.with([&buffer](std::vector<Bytes>& spare) {
    const bool fits = buffer.capacity() <= kSpareBufferBytesMax;
    if (fits && spare.size() < kSpareBuffersMax) spare.push_back(std::move(buffer));
  });
}

Task<void> Writer::State::hash(BytesView bytes) {
  if (!md5) co_return ok;
  if (bytes.size() < kDigestOnPool) {
    md5->update(bytes);
    co_return ok;
  }
  Digest* const digest = &*md5;
  const auto work = [digest, bytes]() -> Result<void> {
    digest->update(bytes);
    return {};
  };
  Task<void> run = owner.world.pool.run(work);
  co_return co_await std::move(run);
}

Task<void> Writer::State::append(BytesView bytes) {
  if (!blob && small.size() + bytes.size() <= owner.limits.inline_bytes_max) {
    if (small.empty()) small.reserve(bytes.size());
    small.append(bytes);
    co_return ok;
  }
  if (!blob) {
    CO_TRY(store::BlobWriter made, co_await owner.world.blobs.create());
    blob.emplace(std::move(made));
    if (sealer) sealed = owner.take_buffer();
    CO_TRY(co_await put(small));
    wipe(small);
  }
  co_return co_await put(bytes);
}

Task<void> Writer::State::put(BytesView bytes) {
  if (!sealer) co_return co_await blob->write(bytes);
  if (bytes.size() < kDigestOnPool) {
    sealed.clear();
    sealer->update(bytes, sealed);
    if (sealed.empty()) co_return ok;
    co_return co_await blob->write(sealed);
  }
  // Sealed where it is written, while it is in that core's cache.
  std::function<BytesView()> seal = [this, bytes]() -> BytesView {
    sealed.clear();
    sealer->update(bytes, sealed);
    return sealed;
  };
  Task<void> written = blob->write_made(std::move(seal));
  co_return co_await std::move(written);
}

Seal Writer::State::seal() const {
  return {wrap_stream_key(owner.world.random, guarded.data_key, stream_key), size};
}

Task<std::vector<Segment>> Writer::State::finish() {
  if (ended) {
    std::vector<Segment> segments = std::move(*ended);
    ended.reset();
    co_return segments;
  }
  if (size == 0) co_return std::vector<Segment>();
  Segment segment;
  segment.length = size;
  if (sealer) {
    segment.seal = seal();
    sealed.clear();
    if (!blob && small.size() <= kPlainChunkBytes) {
      sealer->finish_with(small, sealed);
    } else {
      if (!blob) sealer->update(small, sealed);
      sealer->finish(sealed);
    }
    wipe(small);
    if (blob) {
      CO_TRY(co_await blob->write(sealed));
    } else {
      small = std::move(sealed);
    }
  }
  if (blob) {
    CO_TRY(segment.blob, co_await blob->seal());
  } else {
    segment.bytes = std::move(small);
  }
  std::vector<Segment> segments;
  segments.push_back(std::move(segment));
  co_return segments;
}

Result<void> Writer::State::complete(Digests& digests) {
  ASSERT(md5.has_value() || !digests.etag.empty());
  if (digests.etag.empty()) digests.etag = to_hex(md5->finish());
  digests.etag = owner.etag_for(guarded.protection.guard, std::move(digests.etag));
  return {};
}

Task<void> Writer::State::discard(std::vector<Segment> segments, ErrorKind why) {
  // A disk that fails may still have taken the commit: then only the sweep may tell.
  if (why == ErrorKind::internal) co_return ok;
  for (Segment& segment : segments) {
    if (!segment.blob.empty()) {
      static_cast<void>(co_await owner.world.blobs.remove(std::move(segment.blob)));
    }
  }
  co_return ok;
}

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

uint64_t Writer::size_bytes() const { return state_->size; }
const Protection& Writer::protection() const { return state_->guarded.protection; }

Task<void> Writer::write(BytesView bytes) {
  State* const state = state_.get();
  if (state->ended) co_return fail(ErrorKind::invalid, "the bytes have ended");
  const uint64_t size_max = state->owner.limits.part_bytes_max;
  if (bytes.size() > size_max - state->size) {
    co_return fail(ErrorKind::invalid, fmt::format("more than {} bytes were written", size_max));
  }
  CO_TRY(co_await state->hash(bytes));
  CO_TRY(co_await state->append(bytes));
  state->size += bytes.size();
  co_return ok;
}

Task<void> Objects::State::end_bytes(Writer* writer) {
  Writer::State* const state = writer->state_.get();
  if (state->ended) co_return ok;
  CO_TRY(std::vector<Segment> segments, co_await state->finish());
  state->ended = std::move(segments);
  co_return ok;
}

Task<void> Objects::State::abandon(Writer* writer) {
  Writer::State* const state = writer->state_.get();
  if (!state->ended) co_return ok;
  CO_TRY(std::vector<Segment> segments, co_await state->finish());
  co_return co_await state->discard(std::move(segments), ErrorKind::invalid);
}

Task<void> end_bytes(Writer& writer) { return Objects::State::end_bytes(&writer); }
Task<void> abandon(Writer& writer) { return Objects::State::abandon(&writer); }

Task<Entry> Writer::commit(Digests digests, Conditions conditions, Cause cause) {
  State* const state = state_.get();
  ASSERT(state->number == 0);
  CO_TRY(state->complete(digests));
  Content content;
  content.bucket = state->id.bucket;
  content.object_key = state->id.key;
  content.metadata = std::move(state->metadata);
  content.checksums = std::move(digests.checksums);
  content.protection = std::move(state->guarded.protection);
  CO_TRY(content.segments, co_await state->finish());
  Entry entry;
  entry.etag = std::move(digests.etag);
  Objects::State& owner = state->owner;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const auto bucket, owner.buckets.find(txn, {state->id.bucket}));
    if (bucket == nullptr || bucket->id != state->bucket_id) return no_bucket(state->id.bucket);
    TRY(Objects::State::add_uses(txn, content.segments, false));
    return owner.replace(txn, {*bucket, entry, content, conditions, cause}, drops);
  };
  Task<void> change = owner.change(decide, Objects::State::Clearing::soon);
  Result<void> done = co_await std::move(change);
  if (!done) {
    CO_TRY(co_await state->discard(std::move(content.segments), done.error().kind));
    co_return fail(std::move(done).error());
  }
  co_return entry;
}

Task<Part> Writer::commit_part(Digests digests) {
  State* const state = state_.get();
  ASSERT(state->number != 0);
  CO_TRY(state->complete(digests));
  Part part;
  part.bucket = state->id.bucket;
  part.upload = state->upload;
  part.number = state->number;
  part.size_bytes = state->size;
  part.etag = std::move(digests.etag);
  part.checksums = std::move(digests.checksums);
  CO_TRY(part.segments, co_await state->finish());
  Objects::State& owner = state->owner;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(Objects::State::add_uses(txn, part.segments, false));
    return owner.put_part(txn, state->id, part, drops);
  };
  Task<void> change = owner.change(decide, Objects::State::Clearing::soon);
  Result<void> done = co_await std::move(change);
  if (!done) {
    CO_TRY(co_await state->discard(std::move(part.segments), done.error().kind));
    co_return fail(std::move(done).error());
  }
  co_return part;
}

Task<Writer> Objects::write(ObjectId id, Metadata metadata, bool md5,
                            std::optional<Protect> protect) {
  CO_TRY(state_->check_key(id.key));
  CO_TRY(Bucket found, bucket(id.bucket));
  const Protect wish = state_->wish(found, std::move(protect));
  CO_TRY(Protected guarded, state_->protect(id, wish));
  auto state = std::make_unique<Writer::State>(*state_, std::move(id), std::move(guarded));
  state->bucket_id = std::move(found.id);
  state->metadata = std::move(metadata);
  if (md5) state->md5.emplace(DigestKind::md5);
  co_return Writer(std::move(state));
}

Task<Writer> Objects::write_part(ObjectId id, std::string upload_id, uint32_t number, bool md5,
                                 Secret caller_key) {
  CO_TRY(state_->check_part_number(number));
  CO_TRY(Upload found, upload(id, upload_id));
  Protected guarded{std::move(found.protection), {}};
  CO_TRY(guarded.data_key, state_->unprotect(id, guarded.protection, caller_key));
  auto state = std::make_unique<Writer::State>(*state_, std::move(id), std::move(guarded));
  state->upload = std::move(upload_id);
  state->number = number;
  if (md5) state->md5.emplace(DigestKind::md5);
  co_return Writer(std::move(state));
}

}  // namespace millrace::objects
