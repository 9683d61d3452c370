#include "wire/protocols/document.h"

#include "wire/protocols/json_reader.h"
#include "wire/protocols/json_writer.h"

namespace millrace::wire {

Result<Value> parse_document(const Shape& shape, std::string_view json, Arena& arena) {
  return JsonReader(json, JsonForm::model, arena).read(shape);
}

Bytes write_document(const Shape& shape, const Value& value) {
  Bytes out;
  append_json(out, shape, value, JsonForm::model);
  return out;
}

}  // namespace millrace::wire
