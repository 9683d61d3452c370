// Where the versions of a key stand, within a transaction. Private to the module.
//
// The newest version of a key is in kEntries and kContents, unless it is a delete marker; the
// others are in kVersions and kVersionContents. Whoever removes a version calls promote() after it.
#pragma once

#include <optional>
#include <string>

#include "engines/objects/state.h"

namespace millrace::objects {

// A version, and whether it is in kEntries.
struct Located {
  Entry entry;
  bool current = false;
};

// 16 random bytes, then the sequence under the first 8 of them; as base64 that URLs may contain.
// So a version is found by its name without an index, and its name tells nobody the next one.
std::string make_version_id(uint64_t sequence, runtime::Random& random);
// Nothing where the text is no such name.
std::optional<uint64_t> sequence_of(std::string_view version);

// The version that `id` names, also a delete marker; without a version, what kEntries has.
Result<std::optional<Located>> locate(store::Txn& txn, const ObjectId& id);
// The newest version, also a delete marker; `current` is what kEntries has.
Result<std::optional<Entry>> newest_of(store::Txn& txn, const Entry::Key& key,
                                       const std::optional<Entry>& current);
// Of a version that is no delete marker.
Result<Content> content_of(store::Txn& txn, const Located& version);
void put_content(store::Txn& txn, const Located& version, Content content);

// Puts it among the past versions.
void put_past(store::Txn& txn, const Entry& entry);
// Moves what kEntries has to the past versions.
Result<void> retire(store::Txn& txn, const Entry& current);
// Takes the version away, with the uses of its blobs. Errors: denied (a lock).
Result<void> take(store::Txn& txn, const Located& version, Time now, bool bypass_governance,
                  Drops& drops);
// Moves the newest of the past versions to kEntries where nothing is there, unless it is a marker.
Result<void> promote(store::Txn& txn, const Entry::Key& key);

std::unexpected<Error> no_locks(std::string_view bucket);
// Errors: denied.
Result<void> check_unlocked(const Lock& lock, Time now, bool bypass_governance);
// The retention of what is written at `now` without a word of it.
Retention default_retention(const LockSettings& locks, Time now);

}  // namespace millrace::objects
