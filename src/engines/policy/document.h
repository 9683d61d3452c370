// Policy documents: whether a text is one. Evaluation is not here.
//
// Pure. The grammar is strict: what it does not name is refused, so that a document which is
// stored means the same to every later reader.
// Source: IAM User Guide, "Grammar of the IAM JSON policy language".
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace millrace::policy {

enum class DocumentKind : uint8_t {
  identity,  // What its holder may do: managed and inline policies. Resources, no principals.
  trust,     // Who may assume a role. Principals, no resources.
};

inline constexpr size_t kDocumentDepthMax = 16;

// Errors: invalid, with the cause as AWS words it.
Result<void> check_document(std::string_view text, DocumentKind kind);

// AWS: white space does not count towards the limits on documents.
size_t document_bytes(std::string_view text);

}  // namespace millrace::policy
