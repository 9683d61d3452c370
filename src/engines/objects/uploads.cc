#include <fmt/format.h>

#include <algorithm>

#include "engines/objects/completions.h"
#include "engines/objects/reader_state.h"

namespace millrace::objects {
namespace {

// Ids of one key are listed in the order in which the uploads began.
std::string upload_id(Time now, runtime::Random& random) {
  const auto since = static_cast<uint64_t>(now.time_since_epoch().count());
  return fmt::format("{:016x}{}", since, random.hex(24));
}

Result<Upload> get_upload(store::Txn& txn, const ObjectId& id, std::string_view upload) {
  TRY(std::optional<Upload> found, txn.find(kUploads, {id.bucket, id.key, std::string(upload)}));
  if (!found) return no_upload(upload);
  return std::move(*found);
}

// Moves the chosen parts into `content`; the others stay in `parts`.
Result<void> compose(const std::vector<ChosenPart>& chosen, std::vector<Part>& parts,
                     Content& content) {
  auto next = parts.begin();
  for (const ChosenPart& choice : chosen) {
    next = std::find_if(next, parts.end(),
                        [&choice](const Part& part) { return part.number == choice.number; });
    if (next == parts.end() || next->etag != choice.etag) {
      return fail(ErrorKind::conflict, fmt::format("part {} has changed", choice.number));
    }
    std::ranges::move(next->segments, std::back_inserter(content.segments));
    next->segments.clear();
    content.parts.push_back({choice.number, next->size_bytes, std::move(next->checksums)});
    ++next;
  }
  return {};
}

}  // namespace

Result<void> Objects::State::check_part_number(uint32_t number) const {
  if (number >= 1 && number <= limits.parts_max) return {};
  return fail(ErrorKind::invalid, fmt::format("parts are numbered 1 to {}", limits.parts_max));
}

Result<void> Objects::State::put_part(store::Txn& txn, const ObjectId& id, Part& part,
                                      Drops& drops) const {
  TRY(get_upload(txn, id, part.upload));
  TRY(const std::optional<Part> before, txn.find(kParts, part.key()));
  if (before) TRY(drop_uses(txn, before->segments, drops));
  part.modified = world.clock.now();
  txn.put(kParts, part);
  return {};
}

Result<std::vector<Part>> Objects::State::take_upload(store::Txn& txn, const Upload& upload) {
  TRY(std::vector<Part> parts,
      txn.scan(kParts, {.prefix = store::key_prefix(upload.bucket, upload.id)}));
  for (const Part& part : parts) txn.erase(kParts, part.key());
  txn.erase(kUploads, upload.key());
  return parts;
}

Task<Upload> Objects::begin_upload(Upload upload, std::optional<Protect> protect) {
  State& state = *state_;
  CO_TRY(state.check_key(upload.object_key));
  CO_TRY(const Bucket found, bucket(upload.bucket));
  const Protect wish = state.wish(found, std::move(protect));
  CO_TRY(Protected guarded, state.protect({upload.bucket, upload.object_key}, wish));
  upload.protection = std::move(guarded.protection);
  upload.started = state.world.clock.now();
  upload.id = upload_id(upload.started, state.world.random);
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(get_bucket(txn, upload.bucket));
    txn.put(kUploads, upload);
    return {};
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return upload;
}

Result<Upload> Objects::upload(const ObjectId& id, std::string_view upload) const {
  store::Txn txn = state_->world.db.begin();
  return get_upload(txn, id, upload);
}

Task<Part> Objects::share_part(Reader& from, SharePartRequest request, Digests digests) {
  State& state = *state_;
  CO_TRY(state.check_part_number(request.number));
  if (request.length > from.size() || request.offset > from.size() - request.length) {
    co_return fail(ErrorKind::invalid, "the range is not within the source");
  }
  if (request.length > state.limits.part_bytes_max) {
    co_return fail(ErrorKind::invalid, "the part is too large");
  }
  CO_TRY(const Upload upload, this->upload(request.to, request.upload));
  if (!can_share(from.object().protection, upload.protection.guard)) {
    co_return co_await part_sealed_anew(from, std::move(request), std::move(digests));
  }
  Part part;
  part.bucket = request.to.bucket;
  part.upload = request.upload;
  part.number = request.number;
  part.size_bytes = request.length;
  part.etag = state.etag_for(upload.protection.guard, std::move(digests.etag));
  part.checksums = std::move(digests.checksums);
  part.segments = slice(from.segments(), request.offset, request.length);
  // Also where the source is read without its key, since its bytes are kept in memory.
  CO_TRY(from.state_->unlock({}));
  CO_TRY(state.rewrap_streams(part.segments, from.data_key(), upload));
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(State::add_uses(txn, part.segments, true));
    return state.put_part(txn, request.to, part, drops);
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return part;
}

Task<Entry> Objects::complete_upload(CompleteRequest request, Cause cause) {
  State& state = *state_;
  Entry entry;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Bucket bucket, get_bucket(txn, request.id.bucket));
    TRY(std::optional<Upload> upload,
        txn.find(kUploads, {request.id.bucket, request.id.key, request.upload}));
    if (!upload) {
      TRY(std::optional<Entry> done,
          find_completion(txn, bucket, request, state.world.clock.now()));
      if (!done) return no_upload(request.upload);
      entry = std::move(*done);
      return {};
    }
    TRY(std::vector<Part> parts, State::take_upload(txn, *upload));
    Content content;
    content.bucket = request.id.bucket;
    content.object_key = request.id.key;
    content.metadata = std::move(upload->metadata);
    content.checksums = request.digests.checksums;
    content.protection = upload->protection;
    TRY(compose(request.parts, parts, content));
    if (content.segments.size() > state.limits.segments_max ||
        total_bytes(content.segments) > state.limits.object_bytes_max) {
      return fail(ErrorKind::invalid, "the object is too large");
    }
    for (const Part& unused : parts) TRY(State::drop_uses(txn, unused.segments, drops));
    entry = Entry{};
    entry.etag = request.digests.etag;
    TRY(state.replace(txn, {bucket, entry, content, request.conditions, cause}, drops));
    return keep_completion(txn, bucket, request.upload, entry);
  };
  Task<void> change = state.change(decide);
  CO_TRY(co_await std::move(change));
  co_return entry;
}

Task<void> Objects::abort_upload(ObjectId id, std::string upload_name) {
  State& state = *state_;
  const auto decide = [&](store::Txn& txn, Drops& drops) -> Result<void> {
    TRY(const Upload upload, get_upload(txn, id, upload_name));
    TRY(const std::vector<Part> parts, State::take_upload(txn, upload));
    for (const Part& part : parts) TRY(State::drop_uses(txn, part.segments, drops));
    return {};
  };
  Task<void> change = state.change(decide);
  co_return co_await std::move(change);
}

Result<PartListing> Objects::parts(const ObjectId& id, std::string_view upload, uint32_t after,
                                   size_t limit) const {
  store::Txn txn = state_->world.db.begin();
  TRY(get_upload(txn, id, upload));
  PartListing out;
  const size_t size_max = std::min<size_t>(limit, state_->limits.parts_max);
  const store::Range range{.prefix = store::key_prefix(id.bucket, upload),
                           .after = store::key_prefix(id.bucket, upload, uint64_t{after}),
                           .limit = size_max + 1};
  TRY(out.parts, txn.scan(kParts, range));
  out.truncated = out.parts.size() > size_max;
  if (out.truncated) out.parts.resize(size_max);
  return out;
}

}  // namespace millrace::objects
