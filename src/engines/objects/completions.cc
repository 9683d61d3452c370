#include "engines/objects/completions.h"

namespace millrace::objects {

Result<void> keep_completion(store::Txn& txn, const Bucket& bucket, const std::string& upload,
                             const Entry& entry) {
  const Time now = entry.modified;
  TRY(const std::vector<CompletionTime> oldest,
      txn.scan(kCompletionTimes, {.limit = kForgottenAtOnce}));
  for (const CompletionTime& old : oldest) {
    if (old.finished + kCompletionsKept > now) break;
    txn.erase(kCompletionTimes, old.key());
    txn.erase(kCompletions, {old.bucket, old.object_key, old.upload});
  }
  txn.put(kCompletions, Completion{entry.bucket, entry.object_key, upload, bucket.id, entry, now});
  txn.put(kCompletionTimes, CompletionTime{now, entry.bucket, entry.object_key, upload});
  return {};
}

Result<std::optional<Entry>> find_completion(store::Txn& txn, const Bucket& bucket,
                                             const CompleteRequest& request, Time now) {
  TRY(std::optional<Completion> found,
      txn.find(kCompletions, {request.id.bucket, request.id.key, request.upload}));
  if (!found || found->bucket_id != bucket.id || found->finished + kCompletionsKept <= now ||
      found->entry.etag != request.digests.etag) {
    return std::nullopt;
  }
  return std::move(found->entry);
}

}  // namespace millrace::objects
