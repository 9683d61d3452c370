#include <fmt/format.h>

#include <algorithm>

#include "engines/objects/groups.h"
#include "engines/objects/state.h"

namespace millrace::objects {

std::optional<std::string> group_of(std::string_view key, std::string_view prefix,
                                    std::string_view delimiter) {
  if (delimiter.empty() || !key.starts_with(prefix)) return std::nullopt;
  const size_t found = key.find(delimiter, prefix.size());
  if (found == std::string_view::npos) return std::nullopt;
  return std::string(key.substr(0, found + delimiter.size()));
}

bool is_group(const std::string& text, std::string_view prefix, std::string_view delimiter) {
  return group_of(text, prefix, delimiter) == text;
}

Bytes behind_group(const std::string& bucket, std::string_view group) {
  return store::key_after_prefix(store::key_prefix(bucket, store::StartsWith{group}));
}

namespace {

// What is walked over, and where it continues.
struct Walk {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  size_t limit = 0;
  store::Range range;
};

// Where a walk ended, and what came last.
struct Walked {
  std::vector<std::string> groups;
  bool truncated = false;
  std::string last;
};

// The key of an object that the key of a row begins with.
Result<std::string> object_key_of(BytesView key) {
  std::string bucket;
  std::string object_key;
  if (store::take_key_part(key, bucket) && store::take_key_part(key, object_key)) {
    return object_key;
  }
  return fail(ErrorKind::internal, "a key is damaged");
}

// Calls `take` with every row that is in no group. A group costs one seek, however many keys it
// has, and its rows are not decoded.
template <class Row, class Take>
Result<Walked> walk(store::Txn& txn, const store::Table<Row>& table, Walk of, Take take) {
  using Step = store::Txn::Step;
  Walked out;
  size_t count = 0;
  if (of.limit == 0) return out;
  Result<void> seen;
  const auto visit = [&](BytesView key, BytesView value) -> Result<Step> {
    if (count == of.limit) {
      out.truncated = true;
      return Step{Step::To::end};
    }
    ++count;
    TRY(out.last, object_key_of(key));
    std::optional<std::string> group = group_of(out.last, of.prefix, of.delimiter);
    if (group) {
      out.last = *group;
      Bytes behind = behind_group(of.bucket, *group);
      out.groups.push_back(std::move(*group));
      return Step{Step::To::key, std::move(behind)};
    }
    TRY(Row row, store::decode_row<Row>(value));
    take(row);
    return Step{};
  };
  TRY(txn.walk_raw(table.name, of.range, [&](BytesView key, BytesView value) -> Step {
    Result<Step> step = visit(key, value);
    if (step) return std::move(*step);
    seen = fail(ErrorKind::internal,
                fmt::format("{}, a row after {}: {}", table.name, out.last, step.error().message));
    return {Step::To::end};
  }));
  TRY(seen);
  return out;
}

}  // namespace

Result<Listing> Objects::list(const ListRequest& request) const {
  store::Txn txn = state_->world.db.begin();
  TRY(get_bucket(txn, request.bucket));
  const Bytes all = store::key_prefix(request.bucket, store::StartsWith{request.prefix});
  Walk of{request.bucket,
          request.prefix,
          request.delimiter,
          std::min(request.limit, state_->limits.page_max),
          {.prefix = all}};
  if (is_group(request.after, request.prefix, request.delimiter)) {
    of.range.from = behind_group(request.bucket, request.after);
  } else if (!request.after.empty()) {
    of.range.after = store::key_prefix(request.bucket, request.after);
  }
  Listing out;
  TRY(Walked walked, walk(txn, kEntries, std::move(of),
                          [&out](Entry& entry) { out.entries.push_back(std::move(entry)); }));
  out.groups = std::move(walked.groups);
  out.truncated = walked.truncated;
  out.last = std::move(walked.last);
  return out;
}

Result<UploadListing> Objects::uploads(const ListUploadsRequest& request) const {
  store::Txn txn = state_->world.db.begin();
  TRY(get_bucket(txn, request.bucket));
  const Bytes all = store::key_prefix(request.bucket, store::StartsWith{request.prefix});
  Walk of{request.bucket,
          request.prefix,
          request.delimiter,
          std::min(request.limit, state_->limits.page_max),
          {.prefix = all}};
  if (is_group(request.after_key, request.prefix, request.delimiter)) {
    of.range.from = behind_group(request.bucket, request.after_key);
  } else if (!request.after_key.empty() && request.after_upload.empty()) {
    of.range.from = store::key_after_prefix(store::key_prefix(request.bucket, request.after_key));
  } else if (!request.after_key.empty()) {
    of.range.after = store::key_prefix(request.bucket, request.after_key, request.after_upload);
  }
  UploadListing out;
  TRY(Walked walked, walk(txn, kUploads, std::move(of),
                          [&out](Upload& upload) { out.uploads.push_back(std::move(upload)); }));
  out.groups = std::move(walked.groups);
  out.truncated = walked.truncated;
  out.last_key = std::move(walked.last);
  if (!out.uploads.empty() && out.uploads.back().object_key == out.last_key) {
    out.last_upload = out.uploads.back().id;
  }
  return out;
}

}  // namespace millrace::objects
