// Retention and legal holds of versions.
#include <fmt/format.h>

#include "engines/objects/versions.h"

namespace millrace::objects {
namespace {

constexpr std::chrono::hours kDay{24};
constexpr unsigned kDaysOfYear = 365;

std::unexpected<Error> locked() { return fail(ErrorKind::denied, "the version is locked"); }

// Whether a retention may take the place of one that runs still.
bool may_replace(const Retention& current, const Retention& wanted, bool bypass_governance) {
  if (current.mode == RetentionMode::governance && bypass_governance) return true;
  return wanted.mode == current.mode && wanted.until >= current.until;
}

}  // namespace

std::unexpected<Error> no_locks(std::string_view bucket) {
  return fail(ErrorKind::invalid, fmt::format("bucket {} has no locks", bucket));
}

Result<void> check_unlocked(const Lock& lock, Time now, bool bypass_governance) {
  if (lock.legal_hold.value_or(false)) return locked();
  const Retention& retention = lock.retention;
  if (retention.mode == RetentionMode::none || retention.until <= now) return {};
  if (retention.mode == RetentionMode::governance && bypass_governance) return {};
  return locked();
}

Retention default_retention(const LockSettings& locks, Time now) {
  if (locks.mode == RetentionMode::none) return {};
  return {locks.mode, now + kDay * (locks.days + kDaysOfYear * locks.years)};
}

// Changes the lock of one version of a bucket that has locks.
Task<void> Objects::State::change_lock(ObjectId id, ReplaceLock replace, Cause cause) {
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, id.bucket));
    if (!bucket.locks.enabled) return no_locks(id.bucket);
    TRY(const std::optional<Located> found, locate(txn, id));
    if (!found || found->entry.marker) return no_object(id);
    TRY(Content content, content_of(txn, *found));
    TRY(replace(content.metadata.lock));
    put_content(txn, *found, std::move(content));
    return announce_change(txn,
                           {ChangeKind::locked, bucket, found->entry, cause, world.clock.now()});
  };
  Task<void> changed = change(decide);
  co_return co_await std::move(changed);
}

Task<void> Objects::set_retention(ObjectId id, Retention retention, bool bypass_governance,
                                  Cause cause) {
  const Time now = state_->world.clock.now();
  State::ReplaceLock replace = [=](Lock& lock) -> Result<void> {
    const bool runs = lock.retention.mode != RetentionMode::none && lock.retention.until > now;
    if (runs && !may_replace(lock.retention, retention, bypass_governance)) return locked();
    lock.retention = retention;
    return {};
  };
  co_return co_await state_->change_lock(std::move(id), std::move(replace), std::move(cause));
}

Task<void> Objects::set_legal_hold(ObjectId id, bool held, Cause cause) {
  State::ReplaceLock set = [held](Lock& lock) -> Result<void> {
    lock.legal_hold = held;
    return {};
  };
  co_return co_await state_->change_lock(std::move(id), std::move(set), std::move(cause));
}

}  // namespace millrace::objects
