// Archived objects: what is in GLACIER or DEEP_ARCHIVE is read only through a copy that a restore
// makes, after its tier's time and for the days that it asks for.
//
// Pure. Times are the platform's: a clock that is moved on brings restores on.
// DIVERGES: a restore takes the whole of the time that AWS promises for its tier, of which AWS
// mostly needs less.
// DIVERGES: the archive tiers of INTELLIGENT_TIERING are not entered by themselves, so that nothing
// of that class needs a restore.
// Source: S3 User Guide, "Understanding archive retrieval options", "Restoring an archived object";
// API Reference, RestoreObject.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

bool is_archived(std::string_view storage_class);

// Whether the bytes can be read now. Errors: InvalidObjectState. See restore_object.test.
Result<void> check_readable(const objects::Entry& entry, Time now);

// The header x-amz-restore; empty where the object is not archived, or nobody has asked.
std::string restore_text(const objects::Entry& entry, Time now);

template <class Out>
void write_restore(const Out& out, const objects::Entry& entry, Time now) {
  const std::string text = restore_text(entry, now);
  if (!text.empty()) out.set_restore(text);
}

// Adds to what is listed, in the entries' order, where the request asks for it.
template <class In, class Items, class Entries>
void write_restore_statuses(const In& in, const Items& items, const Entries& entries, Time now) {
  const auto asked = in.optional_object_attributes();
  if (asked.size() != 1 || asked[0] != "RestoreStatus") return;
  size_t at = 0;
  for (const objects::Entry& entry : entries) {
    const auto item = items[at++];
    if (restore_text(entry, now).empty()) continue;
    const auto status = item.make_restore_status();
    status.set_is_restore_in_progress(now < entry.restore->ready);
    if (entry.restore->ready <= now) status.set_restore_expiry_date(entry.restore->until);
  }
}

struct RestoreAsked {
  std::string_view tier;  // Standard, Bulk, Expedited; empty: Standard.
  std::optional<int64_t> days;
};

struct RestorePlan {
  objects::Restore restore;
  bool prolongs = false;  // There is a copy already, whose days are counted anew.
};

// What a request for the entry leads to. AWS: while a restore runs it can only be made faster.
// Errors: InvalidObjectState, RestoreAlreadyInProgress, InvalidArgument (the tier), MalformedXML.
Result<RestorePlan> plan_restore(const objects::Entry& entry, const RestoreAsked& asked, Time now);

}  // namespace millrace::s3
