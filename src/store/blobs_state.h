// What Blobs and BlobReader are made of. Private to the module.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/locked.h"
#include "store/blob_format.h"
#include "store/blobs.h"
#include "store/shared_sync.h"

namespace millrace::store {

// The folder that new blobs go to. Those that are sealed at the same time share it, and so the sync
// of its names.
struct BlobFolder {
  std::string digits;  // Empty before the first blob.
  unsigned blobs = 0;
};

// What the disk forbids (it is read-only, a folder is another's) is the server's trouble, and no
// answer to the caller that they may not.
template <class T>
Result<T> of_disk(Result<T> result) {
  if (!result && result.error().kind == ErrorKind::denied) {
    result.error().kind = ErrorKind::internal;
  }
  return result;
}

struct Blobs::State {
  explicit State(Options o)
      : disk(o.disk),
        pool(o.pool),
        clock(o.clock),
        random(o.random),
        blobs(o.data / "blobs"),
        staging(o.data / "staging"),
        names(o.disk) {}

  Result<void> prepare();
  Result<runtime::Path> path(const BlobId& id) const;
  Result<BlobId> next_id();
  Result<void> make_folder(const std::string& digits);
  // Makes the staged file, which is whole, the blob of that id.
  Result<void> publish(runtime::File& file, const runtime::Path& staged, const BlobId& id);
  Result<void> remove(const BlobId& id);
  // False where nothing was begun.
  bool begin_removal(const BlobId& id);
  void end_removal();
  Result<uint64_t> sweep(Time before, const IsReferenced& is_referenced);
  Result<uint64_t> sweep_folder(const runtime::Path& folder, Time before,
                                const IsReferenced& is_referenced);
  Result<std::unique_ptr<BlobReader::State>> open(const BlobId& id);

  runtime::Disk& disk;
  runtime::Pool& pool;
  runtime::Clock& clock;
  runtime::Random& random;
  const runtime::Path blobs;
  const runtime::Path staging;
  SharedSync names;
  runtime::Locked<BlobFolder> folder;
  std::atomic<uint64_t> damages = 0;  // Reads that met one.

  std::mutex removal;
  std::condition_variable removed;
  unsigned removals = 0;  // That run or wait, without anybody who waits for them.
};

struct BlobReader::State {
  State(Blobs::State& b, BlobId i) : blobs(b), id(std::move(i)) {}

  // Whether the disk may be waited for.
  enum class Wait : uint8_t { no, yes };

  // Blocking, but for Wait::no, which answers fewer bytes than wanted instead.
  Result<void> open();
  Result<size_t> read(uint64_t offset, char* bytes, size_t wanted, Wait wait) const;
  Result<size_t> read_file(uint64_t offset, char* bytes, size_t length, Wait wait) const;
  // All of a chunk. Both answer nothing where the disk would have to be waited for.
  Result<bool> read_chunk(uint64_t chunk, char* bytes, size_t length, Wait wait) const;
  Result<std::optional<uint32_t>> sum_of(uint64_t chunk, Wait wait) const;
  // Logs and counts it.
  std::unexpected<Error> damaged(uint64_t offset, std::string_view what) const;

  Blobs::State& blobs;
  const BlobId id;
  std::unique_ptr<runtime::File> file;
  uint64_t size = 0;
  bool summed = false;
  BlobLayout layout;
  Bytes sums;  // All of them; empty where they are many, which are read when they are needed.
};

}  // namespace millrace::store
