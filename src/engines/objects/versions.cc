#include "engines/objects/versions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace::objects {
namespace {

constexpr size_t kRandomBytes = 16;
constexpr size_t kSequenceBytes = 8;
constexpr size_t kNameLength = 32;  // 24 bytes, so base64 needs no padding.

// Not `-`, with which an argument of a command would look like an option.
constexpr std::array<std::pair<char, char>, 2> kUrlSafe = {{{'+', '.'}, {'/', '_'}}};

}  // namespace

std::string make_version_id(uint64_t sequence, runtime::Random& random) {
  Bytes bytes(kRandomBytes, '\0');
  random.fill(bytes.data(), bytes.size());
  for (size_t i = 0; i < kSequenceBytes; ++i) {
    const auto byte = static_cast<unsigned char>(sequence >> 8 * (kSequenceBytes - 1 - i));
    bytes.push_back(static_cast<char>(byte ^ static_cast<unsigned char>(bytes[i])));
  }
  std::string text = to_base64(bytes);
  for (const auto& [plain, safe] : kUrlSafe) std::ranges::replace(text, plain, safe);
  return text;
}

std::optional<uint64_t> sequence_of(std::string_view version) {
  if (version.size() != kNameLength || version.find_first_of("+/") != std::string_view::npos) {
    return std::nullopt;
  }
  std::string text(version);
  for (const auto& [plain, safe] : kUrlSafe) std::ranges::replace(text, safe, plain);
  Bytes bytes;
  if (!from_base64(text, bytes) || bytes.size() != kRandomBytes + kSequenceBytes) {
    return std::nullopt;
  }
  uint64_t sequence = 0;
  for (size_t i = 0; i < kSequenceBytes; ++i) {
    const auto under = static_cast<unsigned char>(bytes[i]);
    sequence = sequence << 8 | (static_cast<unsigned char>(bytes[kRandomBytes + i]) ^ under);
  }
  return sequence;
}

bool is_version_id(std::string_view text) {
  return text == kUnnamedVersion || sequence_of(text).has_value();
}

std::string version_name(const Entry& entry) {
  return entry.version.empty() ? std::string(kUnnamedVersion) : entry.version;
}

Result<std::optional<Located>> locate(store::Txn& txn, const ObjectId& id) {
  TRY(std::optional<Entry> current, txn.find(kEntries, {id.bucket, id.key}));
  if (current && (id.version.empty() || version_name(*current) == id.version)) {
    return Located{std::move(*current), true};
  }
  if (id.version.empty()) return std::nullopt;
  std::optional<uint64_t> sequence = sequence_of(id.version);
  if (id.version == kUnnamedVersion) {
    TRY(const auto unnamed, txn.find(kUnnamedVersions, {id.bucket, id.key}));
    if (unnamed) sequence = unnamed->sequence;
  }
  if (!sequence) return std::nullopt;
  TRY(std::optional<PastEntry> past, txn.find(kVersions, {id.bucket, id.key, ~*sequence}));
  if (!past || version_name(past->entry) != id.version) return std::nullopt;
  return Located{std::move(past->entry), false};
}

Result<std::optional<Entry>> newest_of(store::Txn& txn, const Entry::Key& key,
                                       const std::optional<Entry>& current) {
  if (current) return current;
  TRY(std::vector<PastEntry> past,
      txn.scan(kVersions, {.prefix = store::encode_key(key), .limit = 1}));
  if (past.empty()) return std::nullopt;
  return std::move(past.front().entry);
}

Result<Content> content_of(store::Txn& txn, const Located& version) {
  const Entry& entry = version.entry;
  ASSERT(!entry.marker);
  if (version.current) return txn.get(kContents, entry.key());
  TRY(PastContent past,
      txn.get(kVersionContents, {entry.bucket, entry.object_key, ~entry.sequence}));
  return std::move(past.content);
}

void put_content(store::Txn& txn, const Located& version, Content content) {
  if (version.current) {
    txn.put(kContents, content);
  } else {
    txn.put(kVersionContents, PastContent{std::move(content), version.entry.sequence});
  }
}

void put_past(store::Txn& txn, const Entry& entry) {
  txn.put(kVersions, PastEntry{entry});
  if (!entry.version.empty()) return;
  txn.put(kUnnamedVersions, UnnamedVersion{entry.bucket, entry.object_key, entry.sequence});
}

Result<void> retire(store::Txn& txn, const Entry& current) {
  TRY(Content content, txn.get(kContents, current.key()));
  put_past(txn, current);
  put_content(txn, {current, false}, std::move(content));
  txn.erase(kEntries, current.key());
  txn.erase(kContents, current.key());
  return {};
}

Result<void> take(store::Txn& txn, const Located& version, Time now, bool bypass_governance,
                  Drops& drops) {
  const Entry& entry = version.entry;
  if (!entry.marker) {
    TRY(const Content content, content_of(txn, version));
    TRY(check_unlocked(content.metadata.lock, now, bypass_governance));
    TRY(Objects::State::drop_uses(txn, content.segments, drops));
  }
  if (version.current) {
    txn.erase(kEntries, entry.key());
    txn.erase(kContents, entry.key());
    return {};
  }
  const PastEntry::Key key = PastEntry{entry}.key();
  txn.erase(kVersions, key);
  if (!entry.marker) txn.erase(kVersionContents, key);
  if (entry.version.empty()) txn.erase(kUnnamedVersions, entry.key());
  return {};
}

Result<void> promote(store::Txn& txn, const Entry::Key& key) {
  TRY(const std::optional<Entry> current, txn.find(kEntries, key));
  if (current) return {};
  TRY(const std::optional<Entry> newest, newest_of(txn, key, current));
  if (!newest || newest->marker) return {};
  TRY(Content content, content_of(txn, {*newest, false}));
  const PastEntry::Key past = PastEntry{*newest}.key();
  txn.erase(kVersions, past);
  txn.erase(kVersionContents, past);
  if (newest->version.empty()) txn.erase(kUnnamedVersions, key);
  txn.put(kEntries, *newest);
  txn.put(kContents, content);
  return {};
}

namespace {

// Where a bucket keeps no versions: nothing is locked, and a content that lies in its row can go
// without a look at it. The new one is written over both rows.
Result<void> overwrite(store::Txn& txn, const Entry& current, Drops& drops) {
  if (current.in_row) return {};
  TRY(const Content content, content_of(txn, {current, true}));
  return Objects::State::drop_uses(txn, content.segments, drops);
}

}  // namespace

Result<Objects::State::Place> Objects::State::make_place(store::Txn& txn, const Bucket& bucket,
                                                         const std::string& key,
                                                         const std::optional<Entry>& current,
                                                         Drops& drops) const {
  const Time now = world.clock.now();
  Place place;
  if (bucket.versioning == Versioning::off) {
    place.sequence = next_sequence(now, current);
    if (current) TRY(overwrite(txn, *current, drops));
    return place;
  }
  TRY(const std::optional<Entry> newest, newest_of(txn, {bucket.name, key}, current));
  place.sequence = next_sequence(now, newest);
  if (bucket.versioning == Versioning::enabled) {
    place.version = make_version_id(place.sequence, world.random);
  } else {
    // The one version without a name is replaced.
    TRY(const std::optional<Located> unnamed,
        locate(txn, {bucket.name, key, std::string(kUnnamedVersion)}));
    if (unnamed) TRY(take(txn, *unnamed, now, false, drops));
    if (unnamed && unnamed->current) return place;
  }
  if (current) TRY(retire(txn, *current));
  return place;
}

Result<std::optional<Entry>> Objects::marker(const ObjectId& id) const {
  store::Txn txn = state_->world.db.begin();
  TRY(std::optional<Located> found, locate(txn, id));
  if (!found && id.version.empty()) {
    TRY(std::optional<Entry> newest, newest_of(txn, {id.bucket, id.key}, std::nullopt));
    return newest;
  }
  if (!found || !found->entry.marker) return std::nullopt;
  return std::move(found->entry);
}

// The condition is on what a reader without a version would get, whichever version is to go.
Result<Removal> Objects::State::remove(store::Txn& txn, const RemoveIn& in, Drops& drops) const {
  const RemoveRequest& request = in.request;
  const ObjectId id{in.bucket.name, request.key, request.version};
  TRY(std::optional<Entry> current, txn.find(kEntries, {id.bucket, id.key}));
  TRY(check_conditions(request.conditions, current));
  const Time now = world.clock.now();
  Removal out;
  if (in.bucket.versioning != Versioning::off && request.version.empty()) {
    TRY(Place place, make_place(txn, in.bucket, id.key, current, drops));
    Entry& marker = out.marker.emplace();
    marker.bucket = id.bucket;
    marker.object_key = id.key;
    marker.version = std::move(place.version);
    marker.modified = now;
    marker.sequence = place.sequence;
    marker.marker = true;
    put_past(txn, marker);
    TRY(announce_change(txn, {ChangeKind::marked, in.bucket, marker, in.cause, now}));
    return out;
  }
  TRY(std::optional<Located> found, locate(txn, id));
  if (!found) return out;
  TRY(const std::optional<Entry> newest, newest_of(txn, {id.bucket, id.key}, current));
  TRY(take(txn, *found, now, request.bypass_governance, drops));
  if (in.bucket.versioning != Versioning::off) TRY(promote(txn, {id.bucket, id.key}));
  out.removed = std::move(found->entry);
  Entry announced = *out.removed;
  announced.sequence = next_sequence(now, newest);
  TRY(announce_change(txn, {ChangeKind::removed, in.bucket, announced, in.cause, now}));
  return out;
}

Task<Removal> Objects::remove(ObjectId id, Conditions conditions, Cause cause,
                              bool bypass_governance) {
  State& state = *state_;
  const RemoveRequest request{id.key, id.version, std::move(conditions), bypass_governance};
  Removal removal;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, id.bucket));
    TRY(removal, state.remove(txn, {bucket, request, cause}, drops));
    return {};
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return removal;
}

Task<std::vector<Result<Removal>>> Objects::remove_all(std::string bucket_name,
                                                       std::vector<RemoveRequest> requests,
                                                       Cause cause) {
  State& state = *state_;
  std::vector<Result<Removal>> removals;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, bucket_name));
    removals.clear();
    for (const RemoveRequest& request : requests) {
      Result<Removal> one = state.remove(txn, {bucket, request, cause}, drops);
      // What is refused has changed nothing; what is broken ends the whole.
      const bool refused = !one && (one.error().kind == ErrorKind::precondition_failed ||
                                    one.error().kind == ErrorKind::not_found ||
                                    one.error().kind == ErrorKind::denied);
      if (!one && !refused) return fail(std::move(one).error());
      removals.push_back(std::move(one));
    }
    return {};
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return removals;
}

}  // namespace millrace::objects
