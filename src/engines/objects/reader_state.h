// What Reader is made of. Private to the module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engines/objects/sealing.h"
#include "engines/objects/state.h"

namespace millrace::objects {

struct Reader::State {
  State(Objects::State& o, Objects::State::Read r) : owner(o), read(std::move(r)) {}
  ~State() { unpin(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void pin();
  void unpin();
  bool one_blob() const;
  // The segment that has the byte at `offset`.
  size_t find(uint64_t offset) const;
  Task<void> open(size_t index);
  Result<void> unlock(const Secret& caller_key);
  // Makes `opener` that of the segment's stream.
  Result<void> open_stream(const Segment& segment);
  // Plain bytes of the segment at `begin` of its stream.
  Task<size_t> read_sealed(size_t index, uint64_t begin, char* bytes, size_t wanted);
  // The sealed bytes of the range: in the row, or in `scratch`.
  Task<BytesView> fetch(size_t index, SealedRange range);

  // Whether the whole object's bytes are there, copied to `out` and compared with their checksum.
  bool copy_kept(uint64_t offset, size_t size, char* out);
  // Keeps the bytes, which are all of the object's, for whoever reads them next.
  void keep(BytesView bytes) const;

  const Object& object() const { return read.found.rows->object; }
  const std::vector<Segment>& segments() const { return read.found.rows->segments; }
  const std::vector<uint64_t>& ends() const { return read.found.rows->ends; }

  Objects::State& owner;
  Objects::State::Read read;
  std::vector<std::string> pinned;
  std::optional<store::BlobReader> blob;
  std::string opened;  // The id of `blob`.
  bool unlocked = false;
  Secret data_key;
  std::optional<Opener> opener;
  Bytes stream;                     // The wrapped key of `opener`.
  std::unique_ptr<char[]> scratch;  // Sealed bytes…
  size_t scratch_bytes = 0;         // …for which it has room.
  Secret chunk;                     // The plain text of a chunk that was asked for in pieces…
  uint64_t chunk_index = 0;         // …and its number, in the stream of `opener`.
};

}  // namespace millrace::objects
