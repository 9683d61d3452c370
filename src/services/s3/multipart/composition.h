// How an object is made of parts: which ones the client chose, and what its etag and checksum are.
// Pure. Source: CompleteMultipartUpload; S3 User Guide, "Checking object integrity".
#pragma once

#include <vector>

#include "services/s3/s3.h"

namespace millrace::s3 {

// The chosen ones of `parts` (by number), in the client's order. Errors: MalformedXML,
// InvalidPartOrder, InvalidPart, EntityTooSmall, InvalidRequest, InvalidArgument.
Result<std::vector<objects::Part>> choose_parts(const objects::Upload& upload,
                                                std::vector<objects::Part> parts,
                                                const CompleteMultipartUploadRequest& in);

// The etag, `<MD5 of the parts' MD5s>-<count>`, and the checksum that the upload was begun for, or,
// where it was begun for none, S3's own; no checksum where a part lacks it.
objects::Digests compose_digests(const objects::Upload& upload,
                                 const std::vector<objects::Part>& parts);

// The etag that the parts of a completed upload make, by what the client says of them; empty where
// it is no etag.
std::string etag_of(const api::CompletedMultipartUpload& given);

// What the client says of the whole object holds. Errors: BadDigest, InvalidRequest.
Result<void> check_whole(const CompleteMultipartUploadRequest& in,
                         const std::vector<objects::Part>& parts, const objects::Digests& digests);

}  // namespace millrace::s3
