// XmlReader: XML documents into values, driven by shapes.
//
// Elements are matched by local name (prefixes are dropped), unknown ones
// skipped. Before parsing, what the parser would let pass is refused: document
// types, entities beyond the five predefined ones, text that is not UTF-8, more
// than kXmlNodesMax tags. Texts live in the arena. Pure. Errors: MalformedXML.
// Limits: kXmlBytesMax, kXmlNodesMax, kDepthMax, kValuesMax.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "wire/model/value.h"

namespace millrace::wire {

class XmlReader final {
 public:
  explicit XmlReader(Arena& arena);
  ~XmlReader();
  XmlReader(const XmlReader&) = delete;
  XmlReader& operator=(const XmlReader&) = delete;

  // Parses the document. Fails as above.
  Result<void> load(std::string_view text);
  // The local name of the current element; at first the root.
  std::string_view name() const;
  // Moves to the first child element of that name; false (and no move) where
  // there is none.
  bool enter(std::string_view name);
  // The text of the first child element of that name, or nothing.
  std::string_view child_text(std::string_view name) const;

  // The current element as a value of `shape`: as a structure its body members.
  Result<Value> read(const Shape& shape);

  class Document;

 private:
  std::unique_ptr<Document> document_;
};

}  // namespace millrace::wire
