// Blobs: bytes as files with immutable keys, <data>/blobs/aa/bb/<id>.
//
// A blob is written to <data>/staging and moved to its place by seal(), which answers when bytes
// and name are on disk. The row that names it makes it real: a blob that no row names is an orphan,
// removed by sweep() after a grace period. The format is docs/formats/blobs.md.
//
// Every blob carries checksums of its bytes, and whatever is read is verified before it is handed
// out: damage on the disk is an error that names the blob and the offset, never wrong bytes.
// (Blobs of the first format have none; they are read as they are.)
//
// Threads: Blobs and BlobReader are thread-safe; a BlobWriter belongs to one task. Disk calls run
// on the pool, but for reads of what the system has in memory. Errors: not_found, invalid (a
// malformed id), exhausted (disk full, too many open files), internal (damage, a disk that fails).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/pool.h"
#include "runtime/random.h"
#include "runtime/task.h"

namespace millrace::store {

// 32 lower-case hex digits: the folder (4), the format (1), milliseconds since 1970 (11), random
// (16). It may be a member of a row.
class BlobId final {
 public:
  BlobId() = default;  // Names nothing.
  static std::optional<BlobId> parse(std::string_view text);
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  Time sealed() const;  // When it was sealed, to the millisecond.
  auto operator<=>(const BlobId&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.text_);
  }

 private:
  std::string text_;
};

inline constexpr size_t kBlobChunkBytes = 64 * 1024;  // What one checksum is of.

class Blobs;

// Destroyed without seal(), it leaves nothing. Lives at most as long as its Blobs.
class BlobWriter final {
 public:
  BlobWriter(BlobWriter&&) noexcept;
  BlobWriter& operator=(BlobWriter&&) noexcept;
  ~BlobWriter();

  // Appends. `bytes` stay as they are until the task ends. After an error the writer only answers
  // that error.
  Task<void> write(BytesView bytes);
  // Appends what `make` answers, which is called on the pool; its bytes stay until the task ends.
  Task<void> write_made(std::function<BytesView()> make);
  uint64_t size_bytes() const;
  // Ends the writer. What it answers is on disk.
  Task<BlobId> seal();

 private:
  friend class Blobs;
  struct State;
  explicit BlobWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class BlobReader final {
 public:
  BlobReader(BlobReader&&) noexcept;
  BlobReader& operator=(BlobReader&&) noexcept;
  ~BlobReader();

  // Reads up to `size` bytes at `offset`; fewer only at the end. Reads from one multiple of
  // kBlobChunkBytes to another cost least: a checksum is compared with all of its bytes.
  Task<Bytes> read_at(uint64_t offset, size_t size);
  // The same into memory of the caller, which outlives the task.
  Task<size_t> read_at(uint64_t offset, char* bytes, size_t size);
  uint64_t size() const;

 private:
  friend class Blobs;
  struct State;
  explicit BlobReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Blobs final {
 public:
  struct Options {
    runtime::Disk& disk;
    runtime::Pool& pool;
    runtime::Clock& clock;
    runtime::Random& random;
    runtime::Path data;  // The data directory.
  };

  // Everything in `options` outlives it. Makes the folders and removes what is staged. Blocks.
  static Result<std::unique_ptr<Blobs>> start(Options options);
  ~Blobs();
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;

  Task<BlobWriter> create();
  // create(), write() and seal() in one step, for small ones. `bytes` outlive the task.
  Task<BlobId> put(BytesView bytes);
  Task<BlobReader> open(BlobId id);
  // The whole blob. Errors: exhausted (more than `size_max`).
  Task<Bytes> read(BlobId id, uint64_t size_max);
  // After the commit that no longer names it. Without effect where there is none.
  Task<void> remove(BlobId id);
  // The same without waiting for it, unless many wait already. What cannot be removed is left to
  // sweep().
  Task<void> remove_soon(BlobId id);

  // Removes every blob older than `grace` that `is_referenced` denies; answers how many. It is
  // called on the pool. An error of it ends the sweep.
  using IsReferenced = std::function<Result<bool>(const BlobId&)>;
  Task<uint64_t> sweep(microseconds grace, IsReferenced is_referenced);

  // How many reads have met damage since the start.
  uint64_t damages() const;

  struct State;

 private:
  explicit Blobs(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace millrace::store
