#include "services/kms/paging.h"

#include <fmt/format.h>

namespace millrace::kms {

Result<Bytes> key_of_marker(std::string_view marker) {
  Bytes key;
  if (from_base64(marker, key) && !key.empty()) return key;
  return fail(errors::invalid_marker(fmt::format("Could not deserialize marker '{}'", marker)));
}

}  // namespace millrace::kms
