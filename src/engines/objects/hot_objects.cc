#include "engines/objects/hot_objects.h"

#include <cstring>
#include <functional>

#include "base/hash.h"

namespace millrace::objects {
namespace {

constexpr size_t kPlaceBytes = 512;  // What an object costs beside its texts and bytes.
constexpr size_t kTextBytes = 96;    // The same of a text in a map.

size_t size_of(const std::map<std::string, std::string>& texts) {
  size_t out = 0;
  for (const auto& [name, value] : texts) out += kTextBytes + name.size() + value.size();
  return out;
}

size_t size_of(const ObjectRows& rows) {
  const Object& object = rows.object;
  size_t out = sizeof(ObjectRows) + object.entry.bucket.size() + object.entry.object_key.size();
  out += size_of(object.metadata.attributes) + size_of(object.metadata.user);
  out += size_of(object.metadata.tags) + size_of(object.protection.context);
  out += object.checksums.size() * (sizeof(Checksum) + kTextBytes);
  out += object.parts.size() * (sizeof(ComposedPart) + sizeof(Checksum) + kTextBytes);
  for (const Segment& segment : rows.segments) {
    out += sizeof(Segment) + sizeof(uint64_t) + kTextBytes + segment.bytes.size();
  }
  return out;
}

}  // namespace

KeptBytes::KeptBytes(BytesView bytes) : bytes_(Bytes(bytes)), checksum_(crc32c(0, bytes)) {}

bool KeptBytes::copy(uint64_t offset, size_t size, char* out) const {
  const BytesView all = bytes_.view();
  ASSERT(offset <= all.size());
  ASSERT(size <= all.size() - offset);
  if (crc32c(0, all) != checksum_) return false;
  std::memcpy(out, all.data() + offset, size);
  return true;
}

void HotObjects::Shard::drop(std::list<Kept>::iterator kept) {
  bytes -= kept->bytes;
  by_key.erase(kept->key);
  by_use.erase(kept);
}

void HotObjects::Shard::take(Kept kept, size_t bytes_max) {
  if (kept.bytes > bytes_max) return;
  while (kept.bytes > bytes_max - bytes) drop(std::prev(by_use.end()));
  bytes += kept.bytes;
  by_use.push_front(std::move(kept));
  by_key.emplace(by_use.front().key, by_use.begin());
}

HotObjects::HotObjects(store::Database& db, size_t bytes_max)
    : db_(db), shard_bytes_max_(bytes_max / kShards) {
  watches_ = {store::watch_rows(db_, kEntries.name, *this),
              store::watch_rows(db_, kContents.name, *this)};
}

HotObjects::~HotObjects() {
  for (const uint64_t watch : watches_) db_.unwatch(watch);
}

runtime::Locked<HotObjects::Shard>& HotObjects::shard_of(BytesView key) {
  return shards_[std::hash<BytesView>{}(key) / 7 % kShards];
}

HotObjects::Found HotObjects::find(const Bytes& key, Ticket& ticket) {
  return shard_of(key).with([&](Shard& shard) -> Found {
    ticket = shard.changing == 0 ? Ticket(shard.changes) : std::nullopt;
    const auto place = shard.by_key.find(key);
    if (place == shard.by_key.end()) return {};
    shard.by_use.splice(shard.by_use.begin(), shard.by_use, place->second);
    return place->second->found;
  });
}

void HotObjects::keep(const Bytes& key, Ticket ticket, std::shared_ptr<const ObjectRows> rows) {
  if (!ticket) return;
  const size_t size = kPlaceBytes + key.size() + size_of(*rows);
  Kept kept{key, {std::move(rows), nullptr}, size};
  shard_of(key).with([&](Shard& shard) {
    if (shard.changing != 0 || shard.changes != *ticket) return;
    if (shard.by_key.contains(key)) return;
    shard.take(std::move(kept), shard_bytes_max_);
  });
}

void HotObjects::keep_bytes(const Bytes& key, const std::shared_ptr<const ObjectRows>& of,
                            BytesView bytes) {
  const size_t size = kPlaceBytes + key.size() + size_of(*of) + bytes.size();
  Kept kept{key, {of, std::make_shared<const KeptBytes>(bytes)}, size};
  shard_of(key).with([&](Shard& shard) {
    const auto place = shard.by_key.find(key);
    if (place == shard.by_key.end() || place->second->found.rows != of) return;
    shard.drop(place->second);
    shard.take(std::move(kept), shard_bytes_max_);
  });
}

void HotObjects::forget(const Bytes& key, const std::shared_ptr<const ObjectRows>& of) {
  shard_of(key).with([&](Shard& shard) {
    const auto place = shard.by_key.find(key);
    if (place != shard.by_key.end() && place->second->found.rows == of) shard.drop(place->second);
  });
}

size_t HotObjects::bytes() const {
  size_t out = 0;
  for (const auto& shard : shards_) {
    out += shard.with([](const Shard& s) { return s.bytes; });
  }
  return out;
}

void HotObjects::changing(const std::vector<BytesView>& keys) {
  for (const BytesView key : keys) {
    shard_of(key).with([&](Shard& shard) {
      ++shard.changing;
      const auto place = shard.by_key.find(key);
      if (place != shard.by_key.end()) shard.drop(place->second);
    });
  }
}

void HotObjects::changed(const std::vector<BytesView>& keys) {
  for (const BytesView key : keys) {
    shard_of(key).with([](Shard& shard) {
      --shard.changing;
      ++shard.changes;
    });
  }
}

}  // namespace millrace::objects
