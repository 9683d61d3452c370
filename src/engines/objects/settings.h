// Settings of a bucket: documents that callers keep beside it, each under a kind and an id.
//
// The engine stores and hands back; what a document says is its caller's. Settings end with their
// bucket, in the same commit. Transactions read them, so that what they say and what is done under
// them are decided together (Announce, timers).
//
// Owner: engines/objects; written by Objects::put_setting() and erase_setting(). Threads: as Txn.
// Limits: Limits::setting_bytes_max of a document, Limits::settings_max of one kind.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "store/database.h"

namespace millrace::objects {

struct Setting {
  std::string bucket;
  std::string kind;  // In the caller's words: cors, lifecycle, …
  std::string id;    // Empty where there is one of that kind.
  Bytes document;
  Time modified{};

  using Key = std::tuple<std::string, std::string, std::string>;
  Key key() const { return {bucket, kind, id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.kind);
    v(3, self.id);
    v(4, self.document);
    v(5, self.modified);
  }
};
inline constexpr store::Table<Setting> kSettings{"objects.bucket_settings"};

Result<std::optional<Setting>> find_setting(store::Txn& txn, std::string_view bucket,
                                            std::string_view kind, std::string_view id = {});
// Those of one kind, by id: at most `limit` of them (0: all), behind `after`.
Result<std::vector<Setting>> find_settings(store::Txn& txn, std::string_view bucket,
                                           std::string_view kind, std::string_view after = {},
                                           size_t limit = 0);
// All of the bucket; for its removal.
Result<void> erase_settings(store::Txn& txn, std::string_view bucket);

}  // namespace millrace::objects
