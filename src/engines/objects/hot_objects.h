// HotObjects: the newest versions that were read lately: their rows decoded, and of small ones,
// which lie in their rows, the bytes as they were verified. Derived: what is forgotten is read
// again.
//
// find() answers what a transaction that begins with the call would read. Before a commit that
// writes an object's rows can be read, the object is forgotten, and until it can be, nothing that
// was read before it is taken in (store::RowWatcher). Bytes are kept at the second read, so that
// reading through a bucket once keeps nothing but rows, and only those that the platform itself
// guards: what a named or a caller's key guards is opened anew each time, by whoever may. They are
// compared with their checksum whenever they are handed out. Nothing of blobs is kept: every read
// of one looks at its file, so that no damage of it stays unseen.
//
// Thread-safe. Bounded by `bytes_max`: what was read longest ago goes first. `db` outlives it. No
// errors.
#pragma once

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/aead.h"
#include "engines/objects/objects.h"
#include "runtime/locked.h"
#include "store/row_watcher.h"

namespace millrace::objects {

inline constexpr size_t kHotBytes = 24 * 1024 * 1024;  // That objects keep in memory in all.

// The rows of an object at one moment.
struct ObjectRows {
  Object object;
  std::vector<Segment> segments;
  std::vector<uint64_t> ends;  // Of the segments, within the object.
};

// The plain bytes of a small object, and what they are verified by.
class KeptBytes final {
 public:
  explicit KeptBytes(BytesView bytes);
  // Copies what is asked for, [offset, offset+size) of them. False where they are not what was
  // kept.
  bool copy(uint64_t offset, size_t size, char* out) const;
  BytesView unverified() const { return bytes_.view(); }

 private:
  Secret bytes_;
  uint32_t checksum_;
};

class HotObjects final : private store::RowWatcher {
 public:
  struct Found {
    std::shared_ptr<const ObjectRows> rows;  // Null: unknown.
    std::shared_ptr<const KeptBytes> bytes;  // Null: not kept.
  };
  // What is read from now on may be kept, where nothing changes meanwhile.
  using Ticket = std::optional<uint64_t>;

  HotObjects(store::Database& db, size_t bytes_max);
  ~HotObjects();
  HotObjects(const HotObjects&) = delete;
  HotObjects& operator=(const HotObjects&) = delete;

  // `key` is the encoded one of the object's rows, here and below.
  Found find(const Bytes& key, Ticket& ticket);
  void keep(const Bytes& key, Ticket ticket, std::shared_ptr<const ObjectRows> rows);
  // Where `of` is what is kept of the object.
  void keep_bytes(const Bytes& key, const std::shared_ptr<const ObjectRows>& of, BytesView bytes);
  void forget(const Bytes& key, const std::shared_ptr<const ObjectRows>& of);

  size_t bytes() const;  // That everything kept takes.

 private:
  struct Kept {
    Bytes key;
    Found found;
    size_t bytes = 0;
  };
  struct Shard {
    std::list<Kept> by_use;                                           // The latest first.
    std::unordered_map<BytesView, std::list<Kept>::iterator> by_key;  // Views of by_use.
    size_t bytes = 0;
    uint64_t changes = 0;
    unsigned changing = 0;  // Keys of commits that are being written.

    void drop(std::list<Kept>::iterator kept);
    void take(Kept kept, size_t bytes_max);
  };
  static constexpr size_t kShards = 16;

  void changing(const std::vector<BytesView>& keys) override;
  void changed(const std::vector<BytesView>& keys) override;
  runtime::Locked<Shard>& shard_of(BytesView key);

  store::Database& db_;
  const size_t shard_bytes_max_;
  std::array<runtime::Locked<Shard>, kShards> shards_;
  std::array<uint64_t, 2> watches_{};
};

}  // namespace millrace::objects
