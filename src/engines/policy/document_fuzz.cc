#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engines/policy/document.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace::policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const DocumentKind kind : {DocumentKind::identity, DocumentKind::trust}) {
    static_cast<void>(check_document(text, kind));
  }
  ASSERT(document_bytes(text) <= size);
  return 0;
}
