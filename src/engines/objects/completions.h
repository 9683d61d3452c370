// What completed uploads became, for those who ask again because they did not get the answer.
// Private to the module. The rows of an upload are written in the commit that completes it, and
// go with a later one, once kCompletionsKept is over.
#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "engines/objects/state.h"

namespace millrace::objects {

inline constexpr std::chrono::hours kCompletionsKept{24};
inline constexpr size_t kForgottenAtOnce = 2;  // By every completion, so that they do not pile up.

struct Completion {
  std::string bucket;
  std::string object_key;
  std::string upload;
  std::string bucket_id;
  Entry entry;
  Time finished{};

  using Key = std::tuple<std::string, std::string, std::string>;
  Key key() const { return {bucket, object_key, upload}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.object_key);
    v(3, self.upload);
    v(4, self.bucket_id);
    v(5, self.entry);
    v(6, self.finished);
  }
};
inline constexpr store::Table<Completion> kCompletions{"objects.completions"};

// Finds the oldest completions.
struct CompletionTime {
  Time finished{};
  std::string bucket;
  std::string object_key;
  std::string upload;

  using Key = std::tuple<Time, std::string, std::string, std::string>;
  Key key() const { return {finished, bucket, object_key, upload}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.finished);
    v(2, self.bucket);
    v(3, self.object_key);
    v(4, self.upload);
  }
};
inline constexpr store::Table<CompletionTime> kCompletionTimes{"objects.completion_times"};

// Keeps that `upload` became `entry`, and forgets some that were kept long enough.
Result<void> keep_completion(store::Txn& txn, const Bucket& bucket, const std::string& upload,
                             const Entry& entry);
// What the upload became, where the same is asked of it: an object with the etag of `request`.
Result<std::optional<Entry>> find_completion(store::Txn& txn, const Bucket& bucket,
                                             const CompleteRequest& request, Time now);

}  // namespace millrace::objects
