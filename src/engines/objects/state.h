// What Objects is made of. Private to the module.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engines/objects/hot_objects.h"
#include "engines/objects/objects.h"
#include "runtime/locked.h"

namespace millrace::objects {

struct Located;

// Blobs that no row names once the transaction is committed.
using Drops = std::vector<store::BlobId>;

struct Objects::State {
  State(World w, Limits l, Announce a)
      : world(w),
        limits(l),
        announce(a),
        buckets(w.db, kBuckets, l.cached_buckets_bytes),
        settings(w.db, kSettings, l.cached_settings_bytes),
        hot(w.db, kHotBytes) {}

  // ending.h
  static Task<void> end_bytes(Writer* writer);
  static Task<void> abandon(Writer* writer);

  // What becomes of blobs that were dropped: gone when the change is answered, so that their space
  // is there again, or soon after it.
  enum class Clearing : uint8_t { at_once, soon };

  // Calls `decide(Txn&, Drops&) -> Result<void>` and commits, again while the commit meets
  // conflicts. Then removes the blobs that were dropped.
  template <class Decide>
  Task<void> change(Decide decide, Clearing clearing = Clearing::at_once) {
    for (int attempt = 1;; ++attempt) {
      store::Txn txn = world.db.begin();
      Drops drops;
      CO_TRY(decide(txn, drops));
      Task<void> commit = txn.commit();
      Result<void> done = co_await std::move(commit);
      if (done && drops.empty()) co_return ok;
      if (done) co_return co_await remove_blobs(std::move(drops), clearing);
      const bool again = done.error().kind == ErrorKind::conflict;
      if (!again || attempt >= limits.commit_attempts_max) co_return done;
    }
  }

  // Those that a reader has pinned are left to Blobs::sweep(), as are those that cannot be removed.
  Task<void> remove_blobs(Drops drops, Clearing clearing);

  Result<void> check_key(const std::string& key) const;

  // An object as it is read: its rows, and where its bytes are kept, those. `seen`: the rows were
  // kept before, so that it is worth to keep the bytes.
  struct Read {
    Bytes key;  // Of HotObjects; empty: of a version.
    HotObjects::Found found;
    bool seen = false;
  };
  // Errors: not_found (also of a delete marker).
  Result<Read> find_object(const ObjectId& id) const;

  // Counts that segments of a row name their blobs. `shared`: the blobs must be in use already;
  // else conflict.
  static Result<void> add_uses(store::Txn& txn, const std::vector<Segment>& segments, bool shared);
  static Result<void> drop_uses(store::Txn& txn, const std::vector<Segment>& segments,
                                Drops& drops);

  // Makes the object the newest version of its key, where the bucket keeps no versions in the place
  // of the earlier one, whose uses it drops; those of `content` are counted by the caller, before.
  // Completes `entry`.
  struct Replacement {
    const Bucket& bucket;
    Entry& entry;
    const Content& content;
    const Conditions& conditions;
    const Cause& cause;
  };
  Result<void> replace(store::Txn& txn, const Replacement& with, Drops& drops) const;
  struct RemoveIn {
    const Bucket& bucket;
    const RemoveRequest& request;
    const Cause& cause;
  };
  Result<Removal> remove(store::Txn& txn, const RemoveIn& in, Drops& drops) const;
  // Makes place for a new version of a key whose object is `current`. Answers the sequence and the
  // name of the new one.
  struct Place {
    uint64_t sequence = 0;
    std::string version;
  };
  Result<Place> make_place(store::Txn& txn, const Bucket& bucket, const std::string& key,
                           const std::optional<Entry>& current, Drops& drops) const;
  // Puts a version where its sequence belongs; null: it is a marker. Errors: precondition_failed
  // (the place is taken).
  Result<void> insert_version(store::Txn& txn, const Entry& entry, const Content* content) const;
  // The content of the replica in `to`, its uses counted; nothing of a marker. Completes `entry`.
  Result<std::optional<Content>> replica_content(store::Txn& txn, const Located& source,
                                                 const Bucket& to, const ReplicateRequest& request,
                                                 Entry& entry) const;
  Result<void> check_part_number(uint32_t number) const;
  // In the place of the earlier part of that number. Errors: not_found (upload).
  Result<void> put_part(store::Txn& txn, const ObjectId& id, Part& part, Drops& drops) const;
  // Takes the upload and its parts away, without their uses. Answers the parts.
  static Result<std::vector<Part>> take_upload(store::Txn& txn, const Upload& upload);
  Result<void> announce_change(store::Txn& txn, Change change) const;

  using ReplaceLock = std::function<Result<void>(Lock& lock)>;  // Perhaps several times.
  Task<void> change_lock(ObjectId id, ReplaceLock replace, Cause cause);

  // What is asked for, or what the bucket and the platform do where nothing is.
  Protect wish(const Bucket& bucket, std::optional<Protect> asked) const;
  // How a new object is protected: as asked, where there is somebody to keep keys.
  Result<Protected> protect(const ObjectId& id, const Protect& how) const;
  // What guards a new object of that wish.
  Guard guard_of(const Protect& how) const;
  // What an object is shown by: the digest, or, where that would tell, something random.
  std::string etag_for(Guard guard, std::string digest) const;
  // The protection of a copy that shares its source's streams. Errors: those of objects::rewrap(),
  // conflict (another guard has taken the source since).
  Result<Protection> rewrap(const Protection& from, const CopyRequest& request) const;
  // Wraps the keys of the segments' streams for the upload. Errors: those of unprotect().
  Result<void> rewrap_streams(std::vector<Segment>& segments, const Secret& data_key,
                              const Upload& upload) const;
  // The data key of what is there. Errors: those of objects::unprotect().
  Result<Secret> unprotect(const ObjectId& id, const Protection& protection,
                           const Secret& caller_key) const;

  World world;
  Limits limits;
  Announce announce;
  store::RowCache<Bucket> buckets;
  mutable store::RowCache<Setting> settings;
  mutable HotObjects hot;
  runtime::Locked<std::map<std::string, unsigned>> pins;  // Blobs that readers may yet open.

  // Memory for sealed pieces that no writer uses: new memory of that size comes from the kernel,
  // page by page.
  static constexpr size_t kSpareBuffersMax = 8;
  static constexpr size_t kSpareBufferBytesMax = 1024 * 1024;
  Bytes take_buffer();
  void give_buffer(Bytes buffer);
  runtime::Locked<std::vector<Bytes>> spare_buffers;
};

// The errors of the module, in one wording.
std::unexpected<Error> no_bucket(std::string_view name);
std::unexpected<Error> no_object(const ObjectId& id);
std::unexpected<Error> no_upload(std::string_view id);

Result<Bucket> get_bucket(store::Txn& txn, std::string_view name);
uint64_t next_sequence(Time now, const std::optional<Entry>& newest);
Result<void> check_conditions(const Conditions& conditions, const std::optional<Entry>& current);
void describe_content(Entry& entry, const Content& content);

// Bytes [offset, offset+length) of `segments`.
std::vector<Segment> slice(const std::vector<Segment>& segments, uint64_t offset, uint64_t length);
// Whether both guard data keys that may pass from one to the other (protection.h).
bool can_share(const Protection& from, Guard to);
uint64_t total_bytes(const std::vector<Segment>& segments);

}  // namespace millrace::objects
