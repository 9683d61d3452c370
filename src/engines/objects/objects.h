// Objects: buckets of immutable objects: keys, bytes, metadata. Knows nothing of HTTP or S3.
//
// What a finished task reports as done is on disk; what fails or is torn leaves nothing visible.
// An object replaces the earlier one of its key in one commit. Bytes stream: a writer and a reader
// hold less than a MiB each, whatever the object's size. Small objects lie in their rows, larger
// ones in blobs, which copies and composed objects share (rows.h, docs/formats/objects.md).
//
// Threads: Objects is thread-safe; a Writer or Reader belongs to one task at a time. Functions
// that answer a Result only read rows, without waiting. Commits that meet a conflict are tried
// again here. Everything ends before the World does.
//
// Errors, wherever: exhausted (disk full, too much at once), internal (damage, a failing disk),
// conflict (so many others changed the same that limits.commit_attempts_max was reached).
// Further ones stand with the functions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "engines/objects/limits.h"
#include "engines/objects/rows.h"
#include "engines/objects/settings.h"
#include "runtime/clock.h"
#include "runtime/pool.h"
#include "runtime/random.h"
#include "store/row_cache.h"
#include "store/timers.h"

namespace millrace::objects {

struct ObjectId {
  std::string bucket;
  std::string key;      // Any bytes, 1..limits.key_bytes_max of them.
  std::string version;  // Empty: the newest. Else one that an Entry named, or kUnnamedVersion.
};

// Names the version of a key that was written while its bucket kept no versions.
inline constexpr std::string_view kUnnamedVersion = "null";

// Whether a version could be called that. Ids are 32 characters of A-Z a-z 0-9 . _
bool is_version_id(std::string_view text);
// Its id, or kUnnamedVersion.
std::string version_name(const Entry& entry);

// Why something changes, in the caller's words; only handed on to Announce.
struct Cause {
  std::string operation;
  std::string requester;
  std::string request_id;
  std::string remote;  // The address it came from.
};

// `marked`: a delete marker became the newest version. `restored`: its copy can be read.
// `described`: an attribute was set; `locked`: retention or legal hold were set or taken away.
enum class ChangeKind : uint8_t {
  written,
  removed,
  marked,
  tagged,
  described,
  locked,
  restore_begun,
  restored,
  restore_ended
};

struct Change {
  ChangeKind kind = ChangeKind::written;
  const Bucket& bucket;
  const Entry& entry;  // Of what was written or removed; the marker.
  const Cause& cause;
  Time time{};
  store::RowCache<Setting>* settings = nullptr;  // Of all buckets, for the announcer.
};

// Called within the transaction of every change of an object, to emit events; perhaps several
// times for one change, on any thread. Where it fails, so does the change.
using Announce = Result<void> (*)(store::Txn& txn, const Change& change);

// What must hold of the newest version when an object is replaced or removed; else
// precondition_failed (not_found where something is asked of an object that is not there).
struct Conditions {
  bool absent = false;              // There is no object of that key.
  std::optional<std::string> etag;  // There is one with this etag; "*" admits any.
  std::optional<uint64_t> size_bytes;
  std::optional<Time> modified;  // To the second.
};

// An object without its bytes.
struct Object {
  Entry entry;
  Metadata metadata;
  std::vector<Checksum> checksums;
  std::vector<ComposedPart> parts;
  Protection protection;
};

// What names the bytes that were written.
struct Digests {
  // Empty: the MD5 that the writer computes, which it was told to. Where a named or a caller's key
  // guards the bytes it is replaced by a random one, so that listings do not tell equal plain
  // texts.
  std::string etag;
  std::vector<Checksum> checksums;
};

class Objects;

// Writes one object or one part. Destroyed without commit, it leaves nothing.
class Writer final {
 public:
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();

  // Appends; `bytes` stay until the task ends. Errors: invalid (beyond limits.part_bytes_max).
  Task<void> write(BytesView bytes);
  uint64_t size_bytes() const;
  const Protection& protection() const;  // Of what is written; until a commit.

  // Of a writer that Objects::write() gave. Ends it. Errors: not_found (the bucket, now),
  // precondition_failed.
  Task<Entry> commit(Digests digests, Conditions conditions, Cause cause);
  // Of a writer that Objects::write_part() gave. Errors: not_found (the upload, now).
  Task<Part> commit_part(Digests digests);

 private:
  friend class Objects;
  struct State;
  explicit Writer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// An opened object: it stays readable as it was, also when the object is replaced or removed. What
// it answers is verified: damaged bytes are an error (internal), which a later read may meet
// although an earlier one was fine.
class Reader final {
 public:
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  const Object& object() const;
  uint64_t size() const;
  // Takes the keys of a sealed object, once; reading does it by itself where no caller's key is
  // needed. Errors: those of unprotect() (protection.h).
  Result<void> unlock(const Secret& caller_key = {});
  // Up to `size` bytes at `offset`; fewer only at the end.
  Task<Bytes> read_at(uint64_t offset, size_t size);
  // The same into memory of the caller; may answer fewer before the end, 0 only there.
  Task<size_t> read_at(uint64_t offset, char* bytes, size_t size);

 private:
  friend class Objects;
  struct State;
  const std::vector<Segment>& segments() const;
  const Secret& data_key() const;  // Once it is unlocked.
  explicit Reader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct ListRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;  // Empty: keys are not grouped.
  std::string after;      // Only what comes behind this key, or behind this whole group.
  size_t limit = 1'000;   // Entries and groups together.
};

// Entries and groups in byte order. A group is a beginning of keys up to and with the delimiter.
struct Listing {
  std::vector<Entry> entries;
  std::vector<std::string> groups;
  bool truncated = false;
  std::string last;  // The last entry's key or group; the next request's `after`.
};

struct ListUploadsRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string after_key;
  std::string after_upload;  // Empty: behind every upload of after_key.
  size_t limit = 1'000;
};

struct UploadListing {
  std::vector<Upload> uploads;  // By key, then by id.
  std::vector<std::string> groups;
  bool truncated = false;
  std::string last_key;
  std::string last_upload;  // Empty where a group came last.
};

struct PartListing {
  std::vector<Part> parts;
  bool truncated = false;
};

struct ListVersionsRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string after_key;
  std::string after_version;  // Empty: behind every version of after_key.
  size_t limit = 1'000;
};

struct ListedVersion {
  Entry entry;
  bool newest = false;
};

struct VersionListing {
  std::vector<ListedVersion> versions;  // By key, then from the newest to the oldest.
  std::vector<std::string> groups;
  bool truncated = false;
  std::string last_key;
  std::string last_version;  // Empty where a group came last.
};

struct RemoveRequest {
  std::string key;
  std::string version;  // Empty: the key, of which a bucket with versions keeps the earlier ones.
  Conditions conditions;
  bool bypass_governance = false;
};

// What a removal did; nothing, where there was nothing to remove.
struct Removal {
  std::optional<Entry> removed;  // Is gone; perhaps a delete marker.
  std::optional<Entry> marker;   // Was made.
};

// A step of an archived version's restore, where it is still the version and the step that is
// meant.
struct RestoreChange {
  ObjectId id;
  uint64_t sequence = 0;
  std::optional<Restore> before, after;
  bool completes = false;                // The copy can be read from now on.
  bool silent = false;                   // Announces nothing.
  std::optional<store::Timer> timer;     // Is set in the same commit.
  std::optional<store::Timer> finished;  // Is finished in it.
};

struct CopyRequest {
  ObjectId from;
  std::string from_etag;  // Of what the caller has seen; another one answers precondition_failed.
  ObjectId to;
  std::optional<Metadata> metadata;  // Nothing: the source's attributes and user metadata…
  std::optional<std::map<std::string, std::string>> tags;  // …and the source's tags.
  std::optional<std::string> storage_class;                // Nothing: the usual one.
  std::optional<std::vector<Checksum>> checksums;          // Nothing: the source's.
  std::optional<std::string>
      etag;   // Of the whole, as if it were written at once; else the source's.
  Lock lock;  // The source's does not go along.
  std::optional<Protect> protect;  // Of the copy; nothing: its bucket's.
  Secret from_caller_key;          // Of the source, where a caller's key guards it.
};

struct ReplicateRequest {
  ObjectId from;                   // With its version.
  std::string to_bucket;           // Which keeps versions.
  std::string storage_class;       // Empty: the source's.
  std::optional<Protect> protect;  // Nothing: as the source is, or as the bucket wants it.
  std::string without;             // An attribute that is left behind; empty: none.
};

struct SharePartRequest {
  ObjectId to;
  std::string upload;
  uint32_t number = 0;
  uint64_t offset = 0;  // Of the source's bytes.
  uint64_t length = 0;
  Secret caller_key;  // Of the upload, where a caller's key guards it.
};

struct ChosenPart {
  uint32_t number = 0;
  std::string etag;
};

struct CompleteRequest {
  ObjectId id;
  std::string upload;
  std::vector<ChosenPart> parts;  // In ascending order.
  Digests digests;                // With an etag.
  Conditions conditions;
};

class Objects final {
 public:
  struct World {
    store::Database& db;
    store::Blobs& blobs;
    runtime::Pool& pool;
    runtime::Clock& clock;
    runtime::Random& random;
    DataKeys* keys = nullptr;             // Null: nothing is sealed.
    Guard usual_guard = Guard::platform;  // Where neither request nor bucket say; none or platform.
  };
  // All outlive this object. `announce` may be null.
  explicit Objects(World world, Limits limits = {}, Announce announce = nullptr);
  ~Objects();
  Objects(const Objects&) = delete;
  Objects& operator=(const Objects&) = delete;

  const Limits& limits() const;
  Time now() const;  // Of the clock that locks end by.

  // --- Buckets. Names are checked by the caller.
  // Sets id and created; where `locks` are enabled, so are versions. Errors: already_exists,
  // exhausted (limits.buckets_of_owner_max).
  Task<Bucket> create_bucket(Bucket bucket);
  Result<Bucket> bucket(std::string_view name) const;                    // Errors: not_found.
  Result<std::vector<Bucket>> buckets_of(std::string_view owner) const;  // By name.
  // Unfinished uploads end with it. Errors: not_found, precondition_failed (it is not empty).
  Task<void> remove_bucket(std::string name);
  // To enabled or suspended. Errors: not_found, precondition_failed (suspending, with locks).
  Task<void> set_versioning(std::string bucket, Versioning versioning);
  // Enables locks, for good, and sets the retention of what is written from now on.
  // Errors: not_found, precondition_failed (the bucket keeps no versions).
  Task<void> set_locks(std::string bucket, LockSettings locks);
  // Of what is written from now on. Errors: not_found.
  Task<void> set_protection(std::string bucket, UsualProtection protection);
  // What guards objects where neither they nor their bucket say.
  Guard usual_guard() const;

  // --- Settings of buckets (settings.h).
  // In the place of the earlier one; sets modified. Errors: not_found (bucket), invalid (its
  // size), precondition_failed (limits.settings_max).
  // `events` are emitted in the same commit.
  Task<void> put_setting(Setting setting, std::vector<store::Event> events = {});
  // Whether there is one or not. Errors: not_found (bucket).
  Task<void> erase_setting(std::string bucket, std::string kind, std::string id = {});
  Result<std::optional<Setting>> setting(std::string_view bucket, std::string_view kind,
                                         std::string_view id = {}) const;
  Result<std::vector<Setting>> settings(std::string_view bucket, std::string_view kind,
                                        std::string_view after = {}, size_t limit = 0) const;

  // --- Objects.
  // Nothing is visible before Writer::commit(). `md5`: the writer computes the etag. Without
  // `protect` the bucket says how.
  // Errors: not_found (bucket), invalid (key, metadata), those of protect() (protection.h).
  Task<Writer> write(ObjectId id, Metadata metadata, bool md5 = true,
                     std::optional<Protect> protect = {});
  // Errors: not_found (also of a delete marker).
  Task<Reader> read(ObjectId id);
  Result<Object> describe(const ObjectId& id) const;  // Errors: as read().
  // The delete marker that stands where the object is looked for, if there is one.
  Result<std::optional<Entry>> marker(const ObjectId& id) const;
  // Errors: not_found (bucket).
  Result<Listing> list(const ListRequest& request) const;
  // Errors: not_found (bucket), invalid (after_version).
  Result<VersionListing> versions(const ListVersionsRequest& request) const;
  // A removed version that was the newest makes place for the one before it.
  // Errors: not_found (bucket), precondition_failed, denied (a lock).
  Task<Removal> remove(ObjectId id, Conditions conditions, Cause cause,
                       bool bypass_governance = false);
  // In one commit; those that fail as remove() would are left out. Errors: not_found (bucket).
  Task<std::vector<Result<Removal>>> remove_all(std::string bucket,
                                                std::vector<RemoveRequest> requests, Cause cause);
  // Shares the blobs, under the same data key wrapped anew; seals all bytes anew where a caller's
  // key guards one of the two, or the source is not sealed. Errors: not_found (either),
  // precondition_failed, those of protect() and unprotect().
  Task<Entry> copy(CopyRequest request, Conditions conditions, Cause cause);
  // Makes the version, or the delete marker, one of the other bucket, with its name, its time and
  // its place among the key's versions there. Shares the blobs. Answers whether it was not there
  // yet. Errors: not_found (either), precondition_failed (the bucket keeps no versions; the place
  // is taken), unsupported (a caller's key guards it), those of rewrap().
  Task<bool> replicate(ReplicateRequest request, Cause cause);
  // Answers whose they are now. Errors: not_found.
  Task<Entry> set_tags(ObjectId id, std::map<std::string, std::string> tags, Cause cause);
  // Without `bypass_governance` a retention that runs is only prolonged, and one in compliance mode
  // is never anything else. Errors: not_found, invalid (the bucket has no locks), denied.
  Task<void> set_retention(ObjectId id, Retention retention, bool bypass_governance,
                           Cause cause = {});
  // Errors: not_found, invalid.
  Task<void> set_legal_hold(ObjectId id, bool held, Cause cause = {});
  // Errors: not_found, conflict (it is another version, or its restore has changed; with `finished`
  // that is nothing to do).
  Task<void> set_restore(RestoreChange change, Cause cause);
  // One of Metadata::attributes; an empty value takes it away. Errors: not_found.
  Task<void> set_attribute(ObjectId id, std::string name, std::string value, Cause cause = {});

  // --- Uploads in parts. Part numbers are 1..limits.parts_max.
  // Sets id, started and protection. Errors: not_found (bucket), invalid (key), those of protect().
  Task<Upload> begin_upload(Upload upload, std::optional<Protect> protect = {});
  Result<Upload> upload(const ObjectId& id, std::string_view upload) const;  // Errors: not_found.
  // Errors: not_found (upload), invalid (number), those of unprotect().
  Task<Writer> write_part(ObjectId id, std::string upload, uint32_t number, bool md5 = true,
                          Secret caller_key = {});
  // Makes a range of an opened object a part, sharing its blobs (or sealing them anew, as copy()
  // does); `from` is unlocked, where it must be, and outlives the task. The
  // caller has read the bytes for their digests. Errors: not_found (upload), invalid (the range,
  // the number), conflict (the source has gone meanwhile: open it again).
  Task<Part> share_part(Reader& from, SharePartRequest request, Digests digests);
  // Composes the object without copying a byte. Errors: not_found (upload), precondition_failed,
  // invalid (sizes), conflict (a chosen part is not there, or no longer with that etag).
  Task<Entry> complete_upload(CompleteRequest request, Cause cause);
  Task<void> abort_upload(ObjectId id, std::string upload);  // Errors: not_found.
  // By number, behind `after`. Errors: not_found.
  Result<PartListing> parts(const ObjectId& id, std::string_view upload, uint32_t after,
                            size_t limit) const;
  Result<UploadListing> uploads(const ListUploadsRequest& request) const;

  // --- Upkeep.
  // Whether a row names the blob; for Blobs::sweep().
  Result<bool> refers_to(const store::BlobId& blob) const;

  struct State;

 private:
  // What copy() and share_part() do where keys must not pass from one guard to the other.
  Task<Entry> copy_sealed_anew(CopyRequest request, Conditions conditions, Cause cause);
  Task<Part> part_sealed_anew(Reader& from, SharePartRequest request, Digests digests);

  std::unique_ptr<State> state_;
};

}  // namespace millrace::objects
