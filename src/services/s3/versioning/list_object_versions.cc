#include "services/s3/objects/listing.h"
#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

Result<objects::ListVersionsRequest> read_request(const ListObjectVersionsRequest& in) {
  objects::ListVersionsRequest out;
  out.bucket = in.bucket();
  out.prefix = in.prefix();
  out.delimiter = in.delimiter();
  out.after_key = in.key_marker();
  out.after_version = in.version_id_marker();
  TRY(out.limit, page_size(in.max_keys(kPageMax), "max-keys"));
  if (!in.has_version_id_marker()) return out;
  if (out.after_key.empty()) {
    return fail(invalid_argument("A version-id marker cannot be specified without a key marker.",
                                 "version-id-marker", in.version_id_marker()));
  }
  if (out.after_version.empty()) {
    return fail(invalid_argument("A version-id marker cannot be empty.", "version-id-marker", ""));
  }
  if (objects::is_version_id(out.after_version)) return out;
  return fail(invalid_argument("Invalid version id specified", "version-id-marker",
                               in.version_id_marker()));
}

template <class Item>
void write_common(const Item& item, const objects::ListedVersion& version,
                  const KeyEncoding& encode, std::string_view owner) {
  item.set_key(encode(version.entry.object_key));
  item.set_version_id(objects::version_name(version.entry));
  item.set_is_latest(version.newest);
  item.set_last_modified(std::chrono::floor<seconds>(version.entry.modified));
  item.make_owner().set_id(owner);
}

void write_object(const api::ObjectVersion& item, const objects::Entry& entry) {
  item.set_etag(quoted_etag(entry.etag));
  item.set_size(static_cast<int64_t>(entry.size_bytes));
  item.set_storage_class(storage_class_name(entry.storage_class));
  if (entry.checksum_kinds.empty()) return;
  const auto kinds = item.make_checksum_algorithm();
  for (const std::string& kind : entry.checksum_kinds) kinds.append(kind);
  item.set_checksum_type(entry.checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
}

void write_versions(const ListObjectVersionsOutput& out, const objects::VersionListing& listing,
                    const KeyEncoding& encode, std::string_view owner) {
  const auto versions = out.make_versions();
  const auto markers = out.make_delete_markers();
  for (const objects::ListedVersion& version : listing.versions) {
    if (version.entry.marker) {
      write_common(markers.append(), version, encode, owner);
    } else {
      const api::ObjectVersion item = versions.append();
      write_common(item, version, encode, owner);
      write_object(item, version.entry);
    }
  }
  if (listing.groups.empty()) return;
  const auto prefixes = out.make_common_prefixes();
  for (const std::string& group : listing.groups) prefixes.append().set_prefix(encode(group));
}

}  // namespace

// DIVERGES: the answer has the versions of a page first and its delete markers after them, where
// AWS mixes them; within each, the order is AWS's: by key, then from the newest to the oldest.
Task<ListObjectVersionsOutput> list_object_versions(S3& s3, wire::Call& call,
                                                    ListObjectVersionsRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const KeyEncoding encode, KeyEncoding::parse(in.encoding_type()));
  CO_TRY(const objects::ListVersionsRequest request, read_request(in));
  const Result<objects::VersionListing> listing = s3.objects.versions(request);
  if (!listing) co_return fail(translate(s3, {request.bucket, ""}, listing.error()));
  auto out = call.make<ListObjectVersionsOutput>();
  out.set_name(in.bucket());
  out.set_prefix(encode(in.prefix()));
  out.set_key_marker(encode(in.key_marker()));
  out.set_version_id_marker(in.version_id_marker());
  if (!in.delimiter().empty()) out.set_delimiter(encode(in.delimiter()));
  if (in.has_encoding_type()) out.set_encoding_type(in.encoding_type());
  out.set_max_keys(static_cast<int64_t>(request.limit));
  out.set_is_truncated(listing->truncated);
  if (listing->truncated) {
    out.set_next_key_marker(encode(listing->last_key));
    if (!listing->last_version.empty()) out.set_next_version_id_marker(listing->last_version);
  }
  write_versions(out, *listing, encode, owner_id(bucket.owner));
  co_return out;
}

}  // namespace millrace::s3
