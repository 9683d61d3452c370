#include "engines/objects/classes.h"

#include "engines/objects/versions.h"

namespace millrace::objects {
namespace {

// Nothing where the version is gone, or is not the one that was meant.
Result<std::optional<Entry>> move_one(store::Txn& txn, const std::string& bucket,
                                      const MoveRequest& request) {
  TRY(std::optional<Located> found, locate(txn, {bucket, request.key, request.version}));
  const bool same = found && !found->entry.marker && found->entry.sequence == request.sequence;
  if (!same || found->entry.storage_class == request.storage_class) return std::nullopt;
  TRY(Content content, content_of(txn, *found));
  found->entry.storage_class = request.storage_class;
  found->entry.restore.reset();
  content.metadata.storage_class = request.storage_class;
  put_content(txn, *found, std::move(content));
  if (found->current) {
    txn.put(kEntries, found->entry);
  } else {
    put_past(txn, found->entry);
  }
  return std::move(found->entry);
}

}  // namespace

Task<size_t> StorageClasses::move_all(std::string bucket, std::vector<MoveRequest> requests,
                                      Cause cause) {
  for (int attempt = 1;; ++attempt) {
    store::Txn txn = db_.begin();
    CO_TRY(const Bucket in, get_bucket(txn, bucket));
    size_t moved = 0;
    for (const MoveRequest& request : requests) {
      CO_TRY(const std::optional<Entry> entry, move_one(txn, bucket, request));
      if (!entry) continue;
      ++moved;
      if (announce_ != nullptr) CO_TRY(announce_(txn, in, *entry, cause, clock_.now()));
    }
    const Result<void> done = co_await txn.commit();
    if (done) co_return moved;
    const bool again = done.error().kind == ErrorKind::conflict && attempt < kMoveAttemptsMax;
    if (!again) co_return fail(done.error());
  }
}

}  // namespace millrace::objects
