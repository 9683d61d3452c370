#include <fmt/format.h>

#include "engines/objects/state.h"

namespace millrace::objects {
namespace {

constexpr size_t kDigestOnPool = 64 * 1024;  // From here on, hashing would hold up the loop.

}  // namespace

struct Writer::State {
  State(Objects::State& o, ObjectId i) : owner(o), id(std::move(i)) {}

  Task<void> hash(BytesView bytes);
  Task<void> append(BytesView bytes);
  // Ends the bytes; answers where they lie.
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
  Bytes small;
  std::optional<store::BlobWriter> blob;
  uint64_t size = 0;
};

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
    small.append(bytes);
    co_return ok;
  }
  if (!blob) {
    CO_TRY(store::BlobWriter made, co_await owner.world.blobs.create());
    blob.emplace(std::move(made));
    CO_TRY(co_await blob->write(small));
    small = {};
  }
  co_return co_await blob->write(bytes);
}

Task<std::vector<Segment>> Writer::State::finish() {
  std::vector<Segment> segments;
  if (blob) {
    CO_TRY(store::BlobId sealed, co_await blob->seal());
    segments.push_back({std::move(sealed), 0, size, {}});
  } else if (size != 0) {
    segments.push_back({{}, 0, size, std::move(small)});
  }
  co_return segments;
}

Result<void> Writer::State::complete(Digests& digests) {
  if (!digests.etag.empty()) return {};
  ASSERT(md5.has_value());
  digests.etag = to_hex(md5->finish());
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

Task<void> Writer::write(BytesView bytes) {
  State* const state = state_.get();
  const uint64_t size_max = state->owner.limits.part_bytes_max;
  if (bytes.size() > size_max - state->size) {
    co_return fail(ErrorKind::invalid, fmt::format("more than {} bytes were written", size_max));
  }
  CO_TRY(co_await state->hash(bytes));
  CO_TRY(co_await state->append(bytes));
  state->size += bytes.size();
  co_return ok;
}

Task<Entry> Writer::commit(Digests digests, Conditions conditions, Cause cause) {
  State* const state = state_.get();
  ASSERT(state->number == 0);
  CO_TRY(state->complete(digests));
  Content content;
  content.bucket = state->id.bucket;
  content.object_key = state->id.key;
  content.metadata = std::move(state->metadata);
  content.checksums = std::move(digests.checksums);
  CO_TRY(content.segments, co_await state->finish());
  Entry entry;
  entry.etag = std::move(digests.etag);
  Objects::State& owner = state->owner;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, state->id.bucket));
    if (bucket.id != state->bucket_id) return no_bucket(state->id.bucket);
    TRY(Objects::State::add_uses(txn, content.segments, false));
    return owner.replace(txn, {bucket, entry, content, conditions, cause}, drops);
  };
  Task<void> change = owner.change(decide);
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
  Task<void> change = owner.change(decide);
  Result<void> done = co_await std::move(change);
  if (!done) {
    CO_TRY(co_await state->discard(std::move(part.segments), done.error().kind));
    co_return fail(std::move(done).error());
  }
  co_return part;
}

Task<Writer> Objects::write(ObjectId id, Metadata metadata, bool md5) {
  CO_TRY(state_->check_key(id.key));
  CO_TRY(Bucket found, bucket(id.bucket));
  auto state = std::make_unique<Writer::State>(*state_, std::move(id));
  state->bucket_id = std::move(found.id);
  state->metadata = std::move(metadata);
  if (md5) state->md5.emplace(DigestKind::md5);
  co_return Writer(std::move(state));
}

Task<Writer> Objects::write_part(ObjectId id, std::string upload_id, uint32_t number, bool md5) {
  CO_TRY(state_->check_part_number(number));
  CO_TRY(upload(id, upload_id));
  auto state = std::make_unique<Writer::State>(*state_, std::move(id));
  state->upload = std::move(upload_id);
  state->number = number;
  if (md5) state->md5.emplace(DigestKind::md5);
  co_return Writer(std::move(state));
}

}  // namespace millrace::objects
