// Object lock, as headers and documents have it.
// Source: S3 User Guide, "Locking objects with Object Lock"; PutObjectRetention.
#pragma once

#include <string>
#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

// `mode` is GOVERNANCE or COMPLIANCE. Nothing for anything else.
std::optional<objects::RetentionMode> parse_mode(std::string_view mode);
std::string_view mode_name(objects::RetentionMode mode);

// AWS: bytes that will be locked come with a digest, also where only the bucket asks for the lock.
// `what`: "Put Object", "Put Part". Errors: InvalidRequest.
Result<void> check_lock_digest(const objects::Bucket& bucket, const wire::Call& call,
                               const objects::Lock& lock, std::string_view what);
// AWS: governance is passed only where there can be a lock. Errors: InvalidArgument, those of
// reading the bucket.
Result<void> check_bypass(const S3& s3, std::string_view bucket, bool bypass);
// A retention of the x-amz-object-lock-* headers. Errors: InvalidArgument.
Result<objects::Retention> read_retention(const S3& s3, std::string_view mode,
                                          std::optional<Time> until);
// Errors: InvalidArgument.
Result<bool> read_legal_hold(std::string_view status);

// Errors of an operation on the lock of an object, which the bucket must have.
// Errors: InvalidRequest.
Result<void> check_locks(const objects::Bucket& bucket);
Error no_lock();
// What the engine answered: a lock that holds is AccessDenied.
Error lock_error(Error error);

// The x-amz-object-lock-* headers of a write. Errors: InvalidArgument, InvalidRequest.
template <class In>
Result<objects::Lock> read_lock(const S3& s3, const wire::Call& call, const objects::ObjectId& id,
                                const In& in) {
  objects::Lock lock;
  const bool retained = in.has_object_lock_mode() || in.has_object_lock_retain_until_date();
  const bool asked = retained || in.has_object_lock_legal_hold_status();
  if (retained) {
    std::optional<Time> until;
    if (in.has_object_lock_retain_until_date()) until = in.object_lock_retain_until_date();
    TRY(lock.retention, read_retention(s3, in.object_lock_mode(), until));
  }
  if (in.has_object_lock_legal_hold_status()) {
    TRY(lock.legal_hold, read_legal_hold(in.object_lock_legal_hold_status()));
  }
  TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  // AWS: the text is without spaces here; see put_object_locks.test.
  if (asked && !bucket.locks.enabled) {
    return fail(invalid_request("Bucket is missing ObjectLockConfiguration"));
  }
  TRY(check_lock_digest(bucket, call, lock, "Put Object"));
  return lock;
}

template <class Out>
void write_lock(const Out& out, const objects::Lock& lock) {
  if (lock.retention.mode != objects::RetentionMode::none) {
    out.set_object_lock_mode(mode_name(lock.retention.mode));
    out.set_object_lock_retain_until_date(lock.retention.until);
  }
  if (lock.legal_hold) out.set_object_lock_legal_hold_status(*lock.legal_hold ? "ON" : "OFF");
}

}  // namespace millrace::s3
