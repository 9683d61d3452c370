#include "services/iam/paging.h"

namespace millrace::iam {

Error invalid_marker() { return {ErrorKind::invalid, "Invalid Marker.", "ValidationError", 400}; }

Result<Bytes> key_of_marker(std::string_view marker) {
  Bytes key;
  if (!from_base64(marker, key) || key.empty()) return fail(invalid_marker());
  return key;
}

}  // namespace millrace::iam
