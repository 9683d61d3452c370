// Replicas: versions that another bucket takes over as they are, with their name and their time.
#include "engines/objects/state.h"
#include "engines/objects/versions.h"

namespace millrace::objects {
namespace {

// Bytes that are plain stay so; a key of the platform's or a named one is wrapped anew.
Protect protection_of(const Content& source, const Bucket& to, const ReplicateRequest& request,
                      Protect usual) {
  if (!source.protection.sealed()) {
    Protect plain;
    plain.guard = Guard::none;
    return plain;
  }
  if (request.protect) return *request.protect;
  const bool named = to.protection.guard == Guard::named;
  if (named) return usual;
  Protect out;
  out.guard = Guard::platform;
  return out;
}

// Whether the version can have its place: no other one has its moment.
Result<bool> is_free(store::Txn& txn, const Entry& entry, const std::optional<Entry>& current) {
  if (current && current->sequence == entry.sequence) return false;
  TRY(const auto past, txn.find(kVersions, {entry.bucket, entry.object_key, ~entry.sequence}));
  return !past.has_value();
}

}  // namespace

Result<void> Objects::State::insert_version(store::Txn& txn, const Entry& entry,
                                            const Content* content) const {
  const Entry::Key key{entry.bucket, entry.object_key};
  TRY(const std::optional<Entry> current, txn.find(kEntries, key));
  TRY(const bool free, is_free(txn, entry, current));
  if (!free) {
    return fail(ErrorKind::precondition_failed, "another version has the replica's place");
  }
  TRY(const std::optional<Entry> newest, newest_of(txn, key, current));
  const bool first = !newest || newest->sequence < entry.sequence;
  if (first && current) TRY(retire(txn, *current));
  if (content == nullptr) {
    put_past(txn, entry);
    return {};
  }
  if (first) {
    txn.put(kEntries, entry);
    txn.put(kContents, *content);
    return {};
  }
  put_past(txn, entry);
  put_content(txn, {entry, false}, *content);
  return {};
}

Result<std::optional<Content>> Objects::State::replica_content(store::Txn& txn,
                                                               const Located& source,
                                                               const Bucket& to,
                                                               const ReplicateRequest& request,
                                                               Entry& entry) const {
  if (source.entry.marker) return std::optional<Content>();
  TRY(Content content, content_of(txn, source));
  if (content.protection.guard == Guard::caller) {
    return fail(ErrorKind::unsupported, "what a caller's key guards cannot be wrapped anew");
  }
  CopyRequest copy;
  copy.from = request.from;
  copy.to = {to.name, request.from.key, {}};
  copy.protect = protection_of(content, to, request, wish(to, {}));
  TRY(Protection protection, rewrap(content.protection, copy));
  const bool hidden = etag_for(content.protection.guard, "x") != "x";
  if (!hidden) entry.etag = etag_for(protection.guard, std::move(entry.etag));
  content.protection = std::move(protection);
  content.bucket = to.name;
  if (!request.storage_class.empty()) content.metadata.storage_class = request.storage_class;
  const Lock& lock = content.metadata.lock;
  if (!to.locks.enabled && (lock.retention.mode != RetentionMode::none || lock.legal_hold)) {
    return fail(ErrorKind::precondition_failed, "the target has no locks");
  }
  content.metadata.attributes.erase(request.without);
  entry.storage_class = content.metadata.storage_class;
  TRY(add_uses(txn, content.segments, true));
  return content;
}

Task<bool> Objects::replicate(ReplicateRequest request, Cause cause) {
  State& state = *state_;
  bool made = false;
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    made = false;
    TRY(const Bucket to, get_bucket(txn, request.to_bucket));
    if (to.versioning != Versioning::enabled) {
      return fail(ErrorKind::precondition_failed, "the target keeps no versions");
    }
    TRY(const std::optional<Located> there,
        locate(txn, {to.name, request.from.key, request.from.version}));
    if (there) return {};
    TRY(const std::optional<Located> source, locate(txn, request.from));
    if (!source) return no_object(request.from);
    Entry entry = source->entry;
    entry.bucket = to.name;
    entry.restore.reset();
    TRY(const std::optional<Content> content,
        state.replica_content(txn, *source, to, request, entry));
    TRY(state.insert_version(txn, entry, content ? &*content : nullptr));
    made = true;
    const ChangeKind kind = entry.marker ? ChangeKind::marked : ChangeKind::written;
    return state.announce_change(txn, {kind, to, entry, cause, state.world.clock.now()});
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return made;
}

}  // namespace millrace::objects
