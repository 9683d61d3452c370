// Tags of objects and buckets: from the x-amz-tagging header and from the Tagging document.
// Pure. Source: S3 User Guide, "Categorizing your storage using tags".
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

using Tags = std::map<std::string, std::string>;

inline constexpr size_t kTagsMax = 10;  // Of an object.
inline constexpr size_t kBucketTagsMax = 50;
inline constexpr size_t kTagKeyCharactersMax = 128;
inline constexpr size_t kTagValueCharactersMax = 256;

// `a=1&b=2`, percent-encoded. Errors: InvalidArgument, InvalidTag, BadRequest (more than kTagsMax).
Result<Tags> parse_tag_header(std::string_view header);
// Errors: InvalidTag, BadRequest.
Result<Tags> read_tags(wire::List<api::Tag> tags);
// The same, of a bucket: up to kBucketTagsMax.
Result<Tags> read_bucket_tags(wire::List<api::Tag> tags);
void write_tags(const Tags& tags, wire::List<api::Tag> out);

}  // namespace millrace::s3
