#include "services/s3/objects/listing.h"

namespace millrace::s3 {

Result<KeyEncoding> KeyEncoding::parse(std::string_view type) {
  KeyEncoding out;
  if (type.empty()) return out;
  if (type != "url") {
    return fail(
        invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", type));
  }
  out.url_ = true;
  return out;
}

Result<size_t> page_size(int64_t asked, std::string_view name) {
  if (asked < 0 || asked > INT32_MAX) {
    return fail(invalid_argument(
        "Argument " + std::string(name) + " must be an integer between 0 and 2147483647", name,
        std::to_string(asked)));
  }
  return static_cast<size_t>(std::min(asked, kPageMax));
}

}  // namespace millrace::s3
