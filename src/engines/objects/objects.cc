#include "engines/objects/objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "engines/objects/state.h"
#include "engines/objects/versions.h"

namespace millrace::objects {

std::unexpected<Error> no_bucket(std::string_view name) {
  return fail(ErrorKind::not_found, fmt::format("there is no bucket {}", name));
}

std::unexpected<Error> no_object(const ObjectId& id) {
  return fail(ErrorKind::not_found, fmt::format("bucket {} has no object {}", id.bucket, id.key));
}

std::unexpected<Error> no_upload(std::string_view id) {
  return fail(ErrorKind::not_found, fmt::format("there is no upload {}", id));
}

Result<Bucket> get_bucket(store::Txn& txn, std::string_view name) {
  TRY(std::optional<Bucket> bucket, txn.find(kBuckets, {std::string(name)}));
  if (!bucket) return no_bucket(name);
  return std::move(*bucket);
}

Result<void> check_conditions(const Conditions& conditions, const std::optional<Entry>& current) {
  if (conditions.absent && current) {
    return fail(ErrorKind::precondition_failed, "there is an object of that key");
  }
  if (!conditions.etag && !conditions.size_bytes && !conditions.modified) return {};
  if (!current) return fail(ErrorKind::not_found, "there is no object of that key");
  if (conditions.etag && *conditions.etag != "*" && *conditions.etag != current->etag) {
    return fail(ErrorKind::precondition_failed, "the object has another etag");
  }
  if (conditions.size_bytes && *conditions.size_bytes != current->size_bytes) {
    return fail(ErrorKind::precondition_failed, "the object has another size");
  }
  if (conditions.modified && std::chrono::floor<seconds>(*conditions.modified) !=
                                 std::chrono::floor<seconds>(current->modified)) {
    return fail(ErrorKind::precondition_failed, "the object was written at another time");
  }
  return {};
}

void describe_content(Entry& entry, const Content& content) {
  entry.bucket = content.bucket;
  entry.object_key = content.object_key;
  entry.size_bytes = total_bytes(content.segments);
  entry.storage_class = content.metadata.storage_class;
  entry.parts = static_cast<uint32_t>(content.parts.size());
  entry.checksum_kinds.clear();
  entry.checksum_composite = false;
  entry.in_row = std::ranges::all_of(content.segments,
                                     [](const Segment& segment) { return segment.blob.empty(); });
  for (const Checksum& checksum : content.checksums) {
    entry.checksum_kinds.push_back(checksum.kind);
    entry.checksum_composite |= checksum.composite;
  }
}

uint64_t total_bytes(const std::vector<Segment>& segments) {
  uint64_t total = 0;
  for (const Segment& segment : segments) total += segment.length;
  return total;
}

std::vector<Segment> slice(const std::vector<Segment>& segments, uint64_t offset, uint64_t length) {
  std::vector<Segment> out;
  for (const Segment& segment : segments) {
    if (length == 0) break;
    if (offset >= segment.length) {
      offset -= segment.length;
      continue;
    }
    Segment piece = segment;
    piece.length = std::min(segment.length - offset, length);
    if (segment.blob.empty() && !segment.seal) {
      piece.bytes = segment.bytes.substr(offset, piece.length);
    } else {
      piece.offset += offset;
    }
    length -= piece.length;
    offset = 0;
    out.push_back(std::move(piece));
  }
  return out;
}

Result<void> Objects::State::check_key(const std::string& key) const {
  if (key.empty()) return fail(ErrorKind::invalid, "the key is empty");
  if (key.size() > limits.key_bytes_max) {
    return fail(ErrorKind::invalid,
                fmt::format("the key is longer than {} bytes", limits.key_bytes_max));
  }
  return {};
}

Task<void> Objects::State::remove_blobs(Drops drops, Clearing clearing) {
  for (store::BlobId& blob : drops) {
    const bool pinned = pins.with([&blob](const auto& all) { return all.contains(blob.text()); });
    if (pinned) continue;
    // A blob that stays is an orphan, which the sweep finds.
    Task<void> removal = clearing == Clearing::soon ? world.blobs.remove_soon(std::move(blob))
                                                    : world.blobs.remove(std::move(blob));
    static_cast<void>(co_await std::move(removal));
  }
  co_return ok;
}

Result<void> Objects::State::add_uses(store::Txn& txn, const std::vector<Segment>& segments,
                                      bool shared) {
  for (const Segment& segment : segments) {
    if (segment.blob.empty()) continue;
    TRY(std::optional<BlobUse> use, txn.find(kBlobUses, {segment.blob.text()}));
    if (!use && shared) return fail(ErrorKind::conflict, "the source has been replaced");
    if (!use) use = BlobUse{segment.blob.text(), 0};
    ++use->segments;
    txn.put(kBlobUses, *use);
  }
  return {};
}

Result<void> Objects::State::drop_uses(store::Txn& txn, const std::vector<Segment>& segments,
                                       Drops& drops) {
  for (const Segment& segment : segments) {
    if (segment.blob.empty()) continue;
    TRY(BlobUse use, txn.get(kBlobUses, {segment.blob.text()}));
    if (use.segments > 1) {
      --use.segments;
      txn.put(kBlobUses, use);
      continue;
    }
    txn.erase(kBlobUses, {segment.blob.text()});
    drops.push_back(segment.blob);
  }
  return {};
}

Result<void> Objects::State::announce_change(store::Txn& txn, Change change) const {
  change.settings = &settings;
  return announce != nullptr ? announce(txn, change) : Result<void>();
}

uint64_t next_sequence(Time now, const std::optional<Entry>& newest) {
  const auto count = static_cast<uint64_t>(now.time_since_epoch().count());
  return newest ? std::max(count, newest->sequence + 1) : count;
}

Result<void> Objects::State::replace(store::Txn& txn, const Replacement& with, Drops& drops) const {
  const Entry::Key key{with.content.bucket, with.content.object_key};
  TRY(const std::optional<Entry> before, txn.find(kEntries, key));
  TRY(check_conditions(with.conditions, before));
  const Lock& lock = with.content.metadata.lock;
  if (lock != Lock{} && !with.bucket.locks.enabled) return no_locks(with.bucket.name);
  TRY(Place place, make_place(txn, with.bucket, with.content.object_key, before, drops));
  describe_content(with.entry, with.content);
  with.entry.modified = world.clock.now();
  with.entry.sequence = place.sequence;
  with.entry.version = std::move(place.version);
  txn.put(kEntries, with.entry);
  if (with.bucket.locks.mode != RetentionMode::none && lock.retention.mode == RetentionMode::none) {
    Content locked = with.content;
    locked.metadata.lock.retention = default_retention(with.bucket.locks, with.entry.modified);
    txn.put(kContents, locked);
  } else {
    txn.put(kContents, with.content);
  }
  const Change change{ChangeKind::written, with.bucket, with.entry, with.cause,
                      with.entry.modified};
  return announce_change(txn, change);
}

Objects::Objects(World world, Limits limits, Announce announce)
    : state_(std::make_unique<State>(world, limits, announce)) {}
Objects::~Objects() = default;

const Limits& Objects::limits() const { return state_->limits; }
Time Objects::now() const { return state_->world.clock.now(); }

Result<Object> Objects::describe(const ObjectId& id) const {
  TRY(const State::Read read, state_->find_object(id));
  return read.found.rows->object;
}

Task<Entry> Objects::copy(CopyRequest request, Conditions conditions, Cause cause) {
  State& state = *state_;
  CO_TRY(state.check_key(request.to.key));
  CO_TRY(const Object seen, describe(request.from));
  CO_TRY(const Bucket into, bucket(request.to.bucket));
  request.protect = state.wish(into, std::move(request.protect));
  if (!can_share(seen.protection, state.guard_of(*request.protect))) {
    co_return co_await copy_sealed_anew(std::move(request), std::move(conditions),
                                        std::move(cause));
  }
  Entry entry;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, request.to.bucket));
    TRY(const std::optional<Located> source, locate(txn, request.from));
    if (!source || source->entry.marker) return no_object(request.from);
    if (!request.from_etag.empty() && source->entry.etag != request.from_etag) {
      return fail(ErrorKind::precondition_failed, "the source has been replaced");
    }
    TRY(Content content, content_of(txn, *source));
    content.bucket = request.to.bucket;
    content.object_key = request.to.key;
    if (request.metadata) {
      content.metadata.attributes = request.metadata->attributes;
      content.metadata.user = request.metadata->user;
    }
    if (request.tags) content.metadata.tags = *request.tags;
    if (request.checksums) content.checksums = *request.checksums;
    if (request.etag) content.parts.clear();
    content.metadata.storage_class = request.storage_class.value_or("");
    content.metadata.lock = request.lock;
    TRY(content.protection, state.rewrap(content.protection, request));
    TRY(State::add_uses(txn, content.segments, true));
    entry = Entry{};
    entry.etag =
        state.etag_for(content.protection.guard, request.etag.value_or(source->entry.etag));
    return state.replace(txn, {bucket, entry, content, conditions, cause}, drops);
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return entry;
}

Task<Entry> Objects::set_tags(ObjectId id, std::map<std::string, std::string> tags, Cause cause) {
  State& state = *state_;
  Entry entry;
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(const std::optional<Located> found, locate(txn, id));
    if (!found || found->entry.marker) return no_object(id);
    TRY(Content content, content_of(txn, *found));
    content.metadata.tags = tags;
    put_content(txn, *found, std::move(content));
    entry = found->entry;
    TRY(const Bucket bucket, get_bucket(txn, id.bucket));
    const Time now = state.world.clock.now();
    return state.announce_change(txn, {ChangeKind::tagged, bucket, entry, cause, now});
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return entry;
}

Task<void> Objects::set_attribute(ObjectId id, std::string name, std::string value, Cause cause) {
  State& state = *state_;
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(const std::optional<Located> found, locate(txn, id));
    if (!found || found->entry.marker) return no_object(id);
    TRY(Content content, content_of(txn, *found));
    content.metadata.attributes.erase(name);
    if (!value.empty()) content.metadata.attributes[name] = value;
    put_content(txn, *found, std::move(content));
    TRY(const Bucket bucket, get_bucket(txn, id.bucket));
    const Time now = state.world.clock.now();
    return state.announce_change(txn, {ChangeKind::described, bucket, found->entry, cause, now});
  };
  Task<void> change = state.change(decide);
  co_return co_await std::move(change);
}

Result<bool> Objects::refers_to(const store::BlobId& blob) const {
  const bool pinned =
      state_->pins.with([&blob](const auto& all) { return all.contains(blob.text()); });
  if (pinned) return true;
  store::Txn txn = state_->world.db.begin();
  TRY(const std::optional<BlobUse> use, txn.find(kBlobUses, {blob.text()}));
  return use.has_value();
}

}  // namespace millrace::objects
