#include "services/s3/lifecycle/lifecycle_page.h"

#include <utility>

namespace millrace::s3 {

Result<void> LifecyclePage::see(const objects::Entry& entry) {
  const bool same_key = held_ && held_->object_key == entry.object_key;
  // A version that is listed again, as happens where the one that a page ended with is gone.
  if (same_key && entry.sequence >= held_->sequence) return {};
  if (held_) TRY(plan(same_key));
  if (same_key) {
    if (superseded_) ++newer_noncurrent_;
    superseded_ = held_->modified;
  } else {
    if (held_) done_key_ = held_->object_key;
    superseded_.reset();
    newer_noncurrent_ = 0;
  }
  held_ = entry;
  return {};
}

Result<void> LifecyclePage::finish() {
  if (!held_) return {};
  TRY(plan(false));
  done_key_ = held_->object_key;
  held_.reset();
  return {};
}

Result<void> LifecyclePage::plan(bool another_follows) {
  const objects::Entry& entry = *held_;
  LifecycleSubject subject{.key = entry.object_key,
                           .size_bytes = entry.size_bytes,
                           .storage_class = entry.storage_class,
                           .made = entry.modified,
                           .marker = entry.marker,
                           .superseded = superseded_,
                           .newer_noncurrent = newer_noncurrent_,
                           .alone = !another_follows && !superseded_,
                           .versioned = bucket_.versioning != objects::Versioning::off};
  const std::string version = objects::version_name(entry);
  if (rules_.look_at_tags() && !entry.marker) {
    Result<objects::Object> object = objects_.describe({bucket_.name, entry.object_key, version});
    if (!object && object.error().kind == ErrorKind::not_found) return {};
    if (!object) return fail(std::move(object).error());
    subject.tags = std::move(object->metadata.tags);
  }
  const LifecycleAction action = plan_lifecycle(rules_, subject, now_);
  if (action.verb == LifecycleVerb::remove) {
    work_.removals.push_back({.key = entry.object_key, .version = version, .conditions = {}});
  }
  if (action.verb == LifecycleVerb::expire) {
    // What was written meanwhile is not what is due.
    work_.removals.push_back(
        {.key = entry.object_key,
         .version = {},
         .conditions = {.etag = entry.etag, .size_bytes = {}, .modified = entry.modified}});
  }
  if (action.verb == LifecycleVerb::move) {
    work_.moves.push_back({.key = entry.object_key,
                           .version = version,
                           .sequence = entry.sequence,
                           .storage_class = std::string(action.storage_class)});
  }
  return {};
}

}  // namespace millrace::s3
