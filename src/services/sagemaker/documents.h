// Documents: requests as rows keep them.
#pragma once

#include "services/sagemaker/sagemaker.h"
#include "wire/protocols/document.h"

namespace millrace::sagemaker {

// The request as the row keeps it, without its tags, which have a table of their own.
template <class In>
Bytes document_of(const In& in) {
  wire::Value copy = wire::make_structure(In::kShape, in.arena());
  const int tags = wire::find_member(In::kShape, "Tags");
  for (uint32_t i = 0; i < copy.size; ++i) {
    if (static_cast<int>(i) != tags) copy.items[i] = in.slot(i);
  }
  return wire::write_document(In::kShape, copy);
}

// The request that a row keeps, in the call's arena. `document` outlives the call's answer only if
// it is in that arena, so it is copied there.
template <class In>
Result<In> read_document(wire::Call& call, BytesView document) {
  TRY(wire::Value value, wire::parse_document(In::kShape, call.arena.copy(document), call.arena));
  return In(value.items, call.arena);
}

}  // namespace millrace::sagemaker
