// Values as JSON, driven by shapes. The inverse of json_reader.h; cannot fail.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "wire/model/value.h"
#include "wire/protocols/json_reader.h"

namespace millrace::wire {

// Appends `text` as a JSON string, with quotes. Bytes that are not UTF-8 become
// U+FFFD.
void append_json_text(Bytes& out, std::string_view text);
// Appends one value. In JsonForm::wire a structure has its body members only.
void append_json(Bytes& out, const Member& as, const Value& value, JsonForm form);
void append_json(Bytes& out, const Shape& shape, const Value& value, JsonForm form);
// Appends the members of a structure without braces; `first` tells whether a
// comma is due and is updated.
void append_json_members(Bytes& out, const Shape& shape, const Value& value, JsonForm form,
                         bool& first);

}  // namespace millrace::wire
