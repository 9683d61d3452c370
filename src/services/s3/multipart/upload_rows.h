// What the multipart operations share.
#pragma once

#include <string>
#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

inline constexpr uint64_t kPartBytesMin = 5 * 1024 * 1024;  // Of all parts but the last.

Error no_such_upload(std::string_view upload_id);
// Errors: NoSuchUpload.
Result<objects::Upload> open_upload(const S3& s3, const objects::ObjectId& id,
                                    std::string_view upload_id);
// Who began it: the ARN of a user or a role's session, an account by its canonical id.
std::string initiator_id(const objects::Upload& upload);
// Errors: InvalidArgument.
Result<uint32_t> part_number_of(const S3& s3, int64_t number);
// What the engine answered to the change of an upload: not_found is NoSuchUpload.
Error translate_upload(const S3& s3, const objects::ObjectId& id, std::string_view upload_id,
                       Error error);

}  // namespace millrace::s3
