#include "services/s3/metadata.h"
#include "services/s3/multipart/upload_rows.h"
#include "services/s3/objects/listing.h"

namespace millrace::s3 {
namespace {

void write_upload(const api::MultipartUpload& out, const objects::Upload& upload,
                  const KeyEncoding& encode, std::string_view owner) {
  out.set_upload_id(upload.id);
  out.set_key(encode(upload.object_key));
  out.set_initiated(std::chrono::floor<seconds>(upload.started));
  out.set_storage_class(storage_class_name(upload.metadata.storage_class));
  out.make_owner().set_id(owner);
  out.make_initiator().set_id(initiator_id(upload));
  if (upload.checksum_kind.empty()) return;
  out.set_checksum_algorithm(upload.checksum_kind);
  out.set_checksum_type(upload.checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
}

void write_markers(const ListMultipartUploadsRequest& in, const ListMultipartUploadsOutput& out,
                   const objects::UploadListing& listing, const KeyEncoding& encode) {
  out.set_key_marker(encode(in.key_marker()));
  out.set_upload_id_marker(in.upload_id_marker());
  if (!listing.truncated) return;
  out.set_next_key_marker(encode(listing.last_key));
  out.set_next_upload_id_marker(listing.last_upload);
}

}  // namespace

// AWS: upload-id-marker counts only beside key-marker.
Task<ListMultipartUploadsOutput> list_multipart_uploads(S3& s3, wire::Call& call,
                                                        ListMultipartUploadsRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const KeyEncoding encode, KeyEncoding::parse(in.encoding_type()));
  objects::ListUploadsRequest request;
  request.bucket = in.bucket();
  request.prefix = in.prefix();
  request.delimiter = in.delimiter();
  request.after_key = in.key_marker();
  if (!request.after_key.empty()) request.after_upload = in.upload_id_marker();
  CO_TRY(request.limit, page_size(in.max_uploads(kPageMax), "max-uploads"));
  const Result<objects::UploadListing> listing = s3.objects.uploads(request);
  if (!listing) co_return fail(translate(s3, {request.bucket, ""}, listing.error()));
  auto out = call.make<ListMultipartUploadsOutput>();
  out.set_bucket(in.bucket());
  write_markers(in, out, *listing, encode);
  if (in.has_prefix()) out.set_prefix(encode(in.prefix()));
  if (!in.delimiter().empty()) out.set_delimiter(encode(in.delimiter()));
  if (in.has_encoding_type()) out.set_encoding_type(in.encoding_type());
  out.set_max_uploads(static_cast<int64_t>(request.limit));
  out.set_is_truncated(listing->truncated);
  if (!listing->uploads.empty()) {
    const auto uploads = out.make_uploads();
    const std::string owner = owner_id(bucket.owner);
    for (const objects::Upload& upload : listing->uploads) {
      write_upload(uploads.append(), upload, encode, owner);
    }
  }
  if (!listing->groups.empty()) {
    const auto prefixes = out.make_common_prefixes();
    for (const std::string& group : listing->groups) prefixes.append().set_prefix(encode(group));
  }
  co_return out;
}

}  // namespace millrace::s3
