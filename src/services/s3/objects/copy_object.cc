#include "runtime/clock.h"
#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/copy_source.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/lifecycle/lifecycle_document.h"
#include "services/s3/locks/lock_fields.h"
#include "services/s3/metadata.h"
#include "services/s3/policies/lists.h"
#include "services/s3/restore/archive.h"
#include "services/s3/transfer.h"
#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

// COPY or REPLACE. Errors: InvalidArgument.
Result<bool> replaces(std::string_view directive, std::string_view header) {
  if (directive.empty() || directive == "COPY") return false;
  if (directive == "REPLACE") return true;
  return fail(invalid_argument(header == "x-amz-metadata-directive" ? "Unknown metadata directive."
                                                                    : "Unknown tagging directive.",
                               header, directive));
}

// AWS: conditions on what is replaced; the model does not have them yet. See
// tests/conformance/s3_versions_test.py.
Result<objects::Conditions> target_conditions(const wire::Call& call) {
  if (call.http == nullptr) return objects::Conditions{};
  const auto value = [&call](std::string_view name) {
    return call.http->headers.find(name).value_or(std::string_view());
  };
  return write_conditions(value("if-match"), value("if-none-match"));
}

Result<objects::CopyRequest> read_request(const CopyObjectRequest& in, objects::ObjectId from,
                                          objects::ObjectId to) {
  objects::CopyRequest out;
  TRY(objects::Metadata metadata, read_metadata(in));
  TRY(const bool new_metadata, replaces(in.metadata_directive(), "x-amz-metadata-directive"));
  TRY(const bool new_tags, replaces(in.tagging_directive(), "x-amz-tagging-directive"));
  // AWS: an earlier version may be copied onto its own key, which restores it.
  const bool same = from.bucket == to.bucket && from.key == to.key && from.version.empty();
  const bool encrypts = in.has_server_side_encryption() || in.has_sse_customer_algorithm();
  if (same && !new_metadata && !in.has_storage_class() && !in.has_website_redirect_location() &&
      !encrypts) {
    return fail(invalid_request(
        "This copy request is illegal because it is trying to copy an object to itself without "
        "changing the object's metadata, storage class, website redirect location or encryption "
        "attributes."));
  }
  out.from = std::move(from);
  out.to = std::move(to);
  out.storage_class = metadata.storage_class;
  if (new_tags) out.tags = metadata.tags;
  if (new_metadata) out.metadata = std::move(metadata);
  return out;
}

// AWS: a redirect of a website is one object's and is not copied. See copy_object.test.
void take_redirect_of_copy(const CopyObjectRequest& in, const objects::Object& source,
                           objects::CopyRequest& request) {
  const std::string name(kRedirect);
  const bool redirects =
      in.has_website_redirect_location() || source.metadata.attributes.contains(name);
  if (request.metadata || !redirects) return;
  request.metadata = source.metadata;
  request.metadata->attributes.erase(name);
  put_attribute(request.metadata->attributes, name, in.website_redirect_location());
}

bool shows_digest(objects::Guard guard) {
  return guard == objects::Guard::none || guard == objects::Guard::platform;
}

// What is computed of a copy's bytes. AWS: a copy is written at once, whatever its source was: its
// etag and its checksum are of the whole. It has a checksum of the kind that is asked for, or else
// of its source's. See copy_object_checksums.test.
struct Computed {
  bool etag = false;
  std::optional<ChecksumKind> kind;
};

Result<Computed> computed_of_copy(const CopyObjectRequest& in, const objects::Object& source,
                                  const objects::Protect& protect) {
  Computed out;
  const bool hidden = !shows_digest(source.protection.guard) && shows_digest(protect.guard);
  out.etag = source.entry.parts != 0 || hidden;
  std::string_view kind = in.checksum_algorithm();
  if (kind.empty() && !source.checksums.empty() && source.checksums.front().composite) {
    kind = source.checksums.front().kind;
  }
  if (kind.empty()) return out;
  TRY(out.kind, parse_algorithm(kind));
  return out;
}

Task<void> compute(S3& s3, objects::CopyRequest* request, Computed computed) {
  CO_TRY(objects::Reader reader, co_await s3.objects.read(request->from));
  for (const objects::Checksum& checksum : reader.object().checksums) {
    if (!computed.kind || checksum.composite) continue;
    if (checksum.kind != auth::name_of(*computed.kind)) continue;
    request->checksums = std::vector<objects::Checksum>{checksum};
    computed.kind.reset();
  }
  if (!computed.etag && !computed.kind) co_return ok;
  if (reader.object().entry.etag != request->from_etag) {
    co_return fail(ErrorKind::conflict, "replaced");
  }
  CO_TRY(reader.unlock(request->from_caller_key));
  const ByteRange all{0, reader.size()};
  CO_TRY(objects::Digests digests, co_await digest(s3, reader, all, computed.kind));
  if (computed.etag) request->etag = std::move(digests.etag);
  if (computed.kind) request->checksums = std::move(digests.checksums);
  co_return ok;
}

}  // namespace

// The copy shares the source's bytes where both are sealed alike.
Task<CopyObjectOutput> copy_object(S3& s3, wire::Call& call, CopyObjectRequest in) {
  CO_TRY(const objects::ObjectId to,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(const objects::ObjectId from,
         open_copy_source(s3, call, in.copy_source(), in.expected_source_bucket_owner()));
  if (in.has_checksum_algorithm()) CO_TRY(parse_algorithm(in.checksum_algorithm()));
  CO_TRY(objects::CopyRequest request, read_request(in, from, to));
  CO_TRY(request.lock, read_lock(s3, call, to, in));
  const Result<objects::Object> source = s3.objects.describe(from);
  if (!source) co_return fail(source_error(s3, from, source.error()));
  CO_TRY(check_source(in, source->entry));
  CO_TRY(check_readable(source->entry, s3.clock.now()));
  if (source->entry.size_bytes > kCopyBytesMax) {
    co_return fail(invalid_request(
        "The specified copy source is larger than the maximum allowable size for a copy source: "
        "5368709120"));
  }
  request.from_etag = source->entry.etag;
  CO_TRY(request.from_caller_key, admit_reader(s3, call, *source, source_customer_headers(in)));
  CO_TRY(request.protect, co_await read_encryption(s3, call, encryption_headers(in), to));
  const objects::Protection protection = shown_protection(*request.protect);
  CO_TRY(const Computed computed, computed_of_copy(in, *source, *request.protect));
  if (computed.etag || computed.kind) CO_TRY(co_await compute(s3, &request, computed));
  const std::vector<objects::Checksum> checksums = request.checksums.value_or(source->checksums);
  CO_TRY(const objects::Conditions conditions, target_conditions(call));
  const auto tags = request.tags;
  take_redirect_of_copy(in, *source, request);
  CO_TRY(take_list_of_copy(s3, call, *source, in, request));
  const Result<objects::Entry> entry =
      co_await s3.objects.copy(std::move(request), conditions, cause_of(call, "CopyObject"));
  if (!entry) {
    Error error = translate(s3, conditions.etag ? to : from, entry.error());
    co_return fail(name_condition(std::move(error), conditions));
  }
  auto out = call.make<CopyObjectOutput>();
  write_encryption(out, protection, in.sse_customer_key_md5());
  write_version(s3, out, *entry);
  CO_TRY(write_expiration(s3, out, *entry, tags.value_or(source->metadata.tags)));
  const std::string source_version = shown_version(s3, source->entry);
  if (!source_version.empty()) out.set_copy_source_version_id(source_version);
  const auto result = out.make_copy_object_result();
  result.set_etag(quoted_etag(entry->etag));
  result.set_last_modified(std::chrono::floor<seconds>(entry->modified));
  write_checksums(result, checksums, 0);
  co_return out;
}

}  // namespace millrace::s3
