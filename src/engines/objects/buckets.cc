#include <fmt/format.h>

#include "engines/objects/state.h"

namespace millrace::objects {

Task<Bucket> Objects::create_bucket(Bucket bucket) {
  State& state = *state_;
  bucket.id = state.world.random.hex(8);
  bucket.created = state.world.clock.now();
  if (bucket.locks.enabled) bucket.versioning = Versioning::enabled;
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(const std::optional<Bucket> present, txn.find(kBuckets, {bucket.name}));
    if (present) {
      return fail(ErrorKind::already_exists, fmt::format("there is a bucket {}", bucket.name));
    }
    size_t owned = 0;
    TRY(txn.each(kOwnedBuckets, {.prefix = store::key_prefix(bucket.owner)}, [&](OwnedBucket&) {
      ++owned;
      return true;
    }));
    if (owned >= state.limits.buckets_of_owner_max) {
      return fail(ErrorKind::exhausted, fmt::format("the owner has {} buckets", owned));
    }
    txn.put(kBuckets, bucket);
    txn.put(kOwnedBuckets, OwnedBucket{bucket.owner, bucket.name});
    return {};
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return bucket;
}

Result<Bucket> Objects::bucket(std::string_view name) const {
  TRY(const auto found, state_->buckets.find({std::string(name)}));
  if (found == nullptr) return no_bucket(name);
  return *found;
}

Result<std::vector<Bucket>> Objects::buckets_of(std::string_view owner) const {
  store::Txn txn = state_->world.db.begin();
  TRY(const std::vector<OwnedBucket> owned,
      txn.scan(kOwnedBuckets, {.prefix = store::key_prefix(owner)}));
  std::vector<Bucket> out;
  for (const OwnedBucket& row : owned) {
    TRY(Bucket bucket, txn.get(kBuckets, {row.name}));
    out.push_back(std::move(bucket));
  }
  return out;
}

Task<void> Objects::remove_bucket(std::string name) {
  State& state = *state_;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, name));
    const Bytes prefix = store::key_prefix(name);
    TRY(const std::vector<Entry> some, txn.scan(kEntries, {.prefix = prefix, .limit = 1}));
    TRY(const std::vector<PastEntry> past, txn.scan(kVersions, {.prefix = prefix, .limit = 1}));
    if (!some.empty() || !past.empty()) {
      return fail(ErrorKind::precondition_failed, fmt::format("bucket {} is not empty", name));
    }
    TRY(const std::vector<Upload> uploads, txn.scan(kUploads, {.prefix = prefix}));
    size_t dropped = 0;
    for (const Upload& upload : uploads) {
      TRY(const std::vector<Part> parts, State::take_upload(txn, upload));
      dropped += parts.size();
      if (dropped > state.limits.dropped_parts_max) {
        return fail(ErrorKind::precondition_failed,
                    fmt::format("bucket {} has too many unfinished uploads", name));
      }
      for (const Part& part : parts) TRY(State::drop_uses(txn, part.segments, drops));
    }
    TRY(erase_settings(txn, name));
    txn.erase(kBuckets, {name});
    txn.erase(kOwnedBuckets, {bucket.owner, name});
    return {};
  };
  Task<void> change = state.change(decide);
  co_return co_await std::move(change);
}

Task<void> Objects::set_versioning(std::string name, Versioning versioning) {
  ASSERT(versioning != Versioning::off);
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(Bucket bucket, get_bucket(txn, name));
    if (bucket.locks.enabled && versioning != Versioning::enabled) {
      return fail(ErrorKind::precondition_failed, fmt::format("bucket {} has locks", name));
    }
    bucket.versioning = versioning;
    txn.put(kBuckets, bucket);
    return {};
  };
  Task<void> change = state_->change(decide);
  co_return co_await std::move(change);
}

Task<void> Objects::set_locks(std::string name, LockSettings locks) {
  locks.enabled = true;
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(Bucket bucket, get_bucket(txn, name));
    if (bucket.versioning != Versioning::enabled) {
      return fail(ErrorKind::precondition_failed, fmt::format("bucket {} keeps no versions", name));
    }
    bucket.locks = locks;
    txn.put(kBuckets, bucket);
    return {};
  };
  Task<void> change = state_->change(decide);
  co_return co_await std::move(change);
}

Task<void> Objects::set_protection(std::string name, UsualProtection protection) {
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(Bucket bucket, get_bucket(txn, name));
    bucket.protection = protection;
    txn.put(kBuckets, bucket);
    return {};
  };
  Task<void> change = state_->change(decide);
  co_return co_await std::move(change);
}

Guard Objects::usual_guard() const {
  return state_->world.keys == nullptr ? Guard::none : state_->world.usual_guard;
}

}  // namespace millrace::objects
