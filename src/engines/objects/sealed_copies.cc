// Protecting what is written, and copies of what is sealed.
#include <algorithm>

#include "engines/objects/state.h"

namespace millrace::objects {
namespace {

constexpr size_t kPieceBytes = 256 * 1024;
constexpr size_t kEtagBytes = 16;

// Reads [offset, offset+length) and writes it.
Task<void> pour(Reader& from, uint64_t offset, uint64_t length, Writer& to) {
  while (length != 0) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(kPieceBytes, length));
    CO_TRY(const Bytes piece, co_await from.read_at(offset, wanted));
    if (piece.size() != wanted) co_return fail(ErrorKind::internal, "the object is shorter");
    CO_TRY(co_await to.write(piece));
    offset += wanted;
    length -= wanted;
  }
  co_return ok;
}

}  // namespace

bool can_share(const Protection& from, Guard to) {
  const auto wrapped = [](Guard guard) {
    return guard == Guard::platform || guard == Guard::named;
  };
  return (from.guard == Guard::none && to == Guard::none) || (wrapped(from.guard) && wrapped(to));
}

Guard Objects::State::guard_of(const Protect& how) const {
  return world.keys == nullptr ? Guard::none : how.guard;
}

Protect Objects::State::wish(const Bucket& bucket, std::optional<Protect> asked) const {
  if (asked) return std::move(*asked);
  Protect out;
  out.guard = bucket.protection.guard.value_or(world.usual_guard);
  out.name = bucket.protection.name;
  out.wide = bucket.protection.wide;
  return out;
}

std::string Objects::State::etag_for(Guard guard, std::string digest) const {
  const bool shown = guard == Guard::none || guard == Guard::platform;
  return shown ? std::move(digest) : world.random.hex(kEtagBytes);
}

Result<Protected> Objects::State::protect(const ObjectId& id, const Protect& how) const {
  if (world.keys == nullptr) return Protected{};
  return objects::protect(*world.keys, world.random, {id.bucket, id.key}, how);
}

Result<Secret> Objects::State::unprotect(const ObjectId& id, const Protection& protection,
                                         const Secret& caller_key) const {
  if (!protection.sealed()) return Secret();
  if (world.keys == nullptr) return fail(ErrorKind::internal, "nobody keeps the object's key");
  return objects::unprotect(*world.keys, {id.bucket, id.key}, protection, caller_key);
}

Result<Protection> Objects::State::rewrap(const Protection& from,
                                          const CopyRequest& request) const {
  if (!can_share(from, guard_of(*request.protect))) {
    return fail(ErrorKind::conflict, "the source has been replaced");
  }
  if (!from.sealed()) return Protection();
  TRY(const Secret data_key, unprotect(request.from, from, {}));
  return objects::rewrap(*world.keys, {request.to.bucket, request.to.key}, *request.protect,
                         data_key);
}

Result<void> Objects::State::rewrap_streams(std::vector<Segment>& segments, const Secret& data_key,
                                            const Upload& upload) const {
  const ObjectId id{upload.bucket, upload.object_key};
  TRY(const Secret to, unprotect(id, upload.protection, {}));
  for (Segment& segment : segments) {
    if (!segment.seal) continue;
    TRY(const Secret stream_key, unwrap_stream_key(data_key, segment.seal->key));
    segment.seal->key = wrap_stream_key(world.random, to, stream_key);
  }
  return {};
}

Task<Entry> Objects::copy_sealed_anew(CopyRequest request, Conditions conditions, Cause cause) {
  CO_TRY(Reader from, co_await read(request.from));
  const Object& source = from.object();
  if (!request.from_etag.empty() && source.entry.etag != request.from_etag) {
    co_return fail(ErrorKind::precondition_failed, "the source has been replaced");
  }
  CO_TRY(from.unlock(request.from_caller_key));
  Metadata metadata = request.metadata ? std::move(*request.metadata) : source.metadata;
  metadata.tags = request.tags ? std::move(*request.tags) : source.metadata.tags;
  metadata.storage_class = request.storage_class.value_or("");
  Digests digests;
  digests.etag = request.etag.value_or(source.entry.etag);
  // Those of parts belong to an object in parts; the copy is written at once.
  for (const Checksum& checksum : source.checksums) {
    if (!checksum.composite) digests.checksums.push_back(checksum);
  }
  if (request.checksums) digests.checksums = std::move(*request.checksums);
  CO_TRY(Writer to, co_await write(std::move(request.to), std::move(metadata), false,
                                   std::move(request.protect)));
  CO_TRY(co_await pour(from, 0, from.size(), to));
  co_return co_await to.commit(std::move(digests), std::move(conditions), std::move(cause));
}

Task<Part> Objects::part_sealed_anew(Reader& from, SharePartRequest request, Digests digests) {
  CO_TRY(Writer to, co_await write_part(std::move(request.to), std::move(request.upload),
                                        request.number, false, std::move(request.caller_key)));
  CO_TRY(co_await pour(from, request.offset, request.length, to));
  co_return co_await to.commit_part(std::move(digests));
}

}  // namespace millrace::objects
