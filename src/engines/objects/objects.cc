#include "engines/objects/objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "engines/objects/state.h"

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
  if (!conditions.etag) return {};
  if (!current) return fail(ErrorKind::not_found, "there is no object of that key");
  if (*conditions.etag != "*" && *conditions.etag != current->etag) {
    return fail(ErrorKind::precondition_failed, "the object has another etag");
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
    if (segment.blob.empty()) {
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

Task<void> Objects::State::remove_blobs(Drops drops) {
  for (store::BlobId& blob : drops) {
    const bool pinned = pins.with([&blob](const auto& all) { return all.contains(blob.text()); });
    if (pinned) continue;
    // A blob that stays is an orphan, which the sweep finds.
    static_cast<void>(co_await world.blobs.remove(std::move(blob)));
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

void Objects::State::announce_change(store::Txn& txn, const Change& change) const {
  if (announce != nullptr) announce(txn, change);
}

namespace {

uint64_t next_sequence(Time now, const std::optional<Entry>& before) {
  const auto count = static_cast<uint64_t>(now.time_since_epoch().count());
  return before ? std::max(count, before->sequence + 1) : count;
}

}  // namespace

Result<void> Objects::State::replace(store::Txn& txn, const Replacement& with, Drops& drops) const {
  const Entry::Key key{with.content.bucket, with.content.object_key};
  TRY(const std::optional<Entry> before, txn.find(kEntries, key));
  TRY(check_conditions(with.conditions, before));
  if (before) {
    TRY(const Content old, txn.get(kContents, key));
    TRY(drop_uses(txn, old.segments, drops));
  }
  describe_content(with.entry, with.content);
  with.entry.modified = world.clock.now();
  with.entry.sequence = next_sequence(with.entry.modified, before);
  txn.put(kEntries, with.entry);
  txn.put(kContents, with.content);
  const Change change{ChangeKind::written, with.bucket, with.entry, with.cause,
                      with.entry.modified};
  announce_change(txn, change);
  return {};
}

Result<std::optional<Entry>> Objects::State::erase(store::Txn& txn, const Bucket& bucket,
                                                   const std::string& key, const Cause& cause,
                                                   Drops& drops) const {
  TRY(std::optional<Entry> before, txn.find(kEntries, {bucket.name, key}));
  if (!before) return std::nullopt;
  TRY(const Content content, txn.get(kContents, {bucket.name, key}));
  TRY(drop_uses(txn, content.segments, drops));
  txn.erase(kEntries, {bucket.name, key});
  txn.erase(kContents, {bucket.name, key});
  Entry removed = *before;
  const Time now = world.clock.now();
  removed.sequence = next_sequence(now, before);
  announce_change(txn, {ChangeKind::removed, bucket, removed, cause, now});
  return before;
}

Objects::Objects(World world, Limits limits, Announce announce)
    : state_(std::make_unique<State>(world, limits, announce)) {}
Objects::~Objects() = default;

const Limits& Objects::limits() const { return state_->limits; }

Result<Object> Objects::describe(const ObjectId& id) const {
  store::Txn txn = state_->world.db.begin();
  const Entry::Key key{id.bucket, id.key};
  TRY(std::optional<Entry> entry, txn.find(kEntries, key));
  if (!entry) return no_object(id);
  TRY(Content content, txn.get(kContents, key));
  return Object{std::move(*entry), std::move(content.metadata), std::move(content.checksums),
                std::move(content.parts)};
}

Task<std::optional<Entry>> Objects::remove(ObjectId id, Conditions conditions, Cause cause) {
  State& state = *state_;
  std::optional<Entry> removed;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, id.bucket));
    if (conditions.absent || conditions.etag) {
      TRY(const std::optional<Entry> current, txn.find(kEntries, {id.bucket, id.key}));
      TRY(check_conditions(conditions, current));
    }
    TRY(removed, state.erase(txn, bucket, id.key, cause, drops));
    return {};
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return removed;
}

Task<void> Objects::remove_all(std::string bucket_name, std::vector<std::string> keys,
                               Cause cause) {
  State& state = *state_;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, bucket_name));
    for (const std::string& key : keys) {
      TRY(state.erase(txn, bucket, key, cause, drops));
    }
    return {};
  };
  Task<void> change = state.change(decide);
  co_return co_await std::move(change);
}

Task<Entry> Objects::copy(CopyRequest request, Conditions conditions, Cause cause) {
  State& state = *state_;
  CO_TRY(state.check_key(request.to.key));
  Entry entry;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    const Entry::Key from{request.from.bucket, request.from.key};
    TRY(const Bucket bucket, get_bucket(txn, request.to.bucket));
    TRY(std::optional<Entry> source, txn.find(kEntries, from));
    if (!source) return no_object(request.from);
    if (!request.from_etag.empty() && source->etag != request.from_etag) {
      return fail(ErrorKind::precondition_failed, "the source has been replaced");
    }
    TRY(Content content, txn.get(kContents, from));
    content.bucket = request.to.bucket;
    content.object_key = request.to.key;
    if (request.metadata) {
      content.metadata.attributes = request.metadata->attributes;
      content.metadata.user = request.metadata->user;
    }
    if (request.tags) content.metadata.tags = *request.tags;
    content.metadata.storage_class = request.storage_class.value_or("");
    TRY(State::add_uses(txn, content.segments, true));
    entry = Entry{};
    entry.etag = source->etag;
    return state.replace(txn, {bucket, entry, content, conditions, cause}, drops);
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return entry;
}

Task<void> Objects::set_tags(ObjectId id, std::map<std::string, std::string> tags) {
  State& state = *state_;
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(std::optional<Content> content, txn.find(kContents, {id.bucket, id.key}));
    if (!content) return no_object(id);
    content->metadata.tags = tags;
    txn.put(kContents, *content);
    return {};
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
