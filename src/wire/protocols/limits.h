// The limits of the codecs. What exceeds one is refused as malformed, never cut
// short.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::wire::limits {

// Nesting of typed documents (recursive shapes) and of XML elements and CBOR
// items.
inline constexpr int kDepthMax = 128;
// Nesting of free JSON documents (Kind::document) and of members that the shape
// does not know.
inline constexpr int kDocumentDepthMax = 64;
// Bytes of one XML document.
inline constexpr size_t kXmlBytesMax = size_t{1} << 20;
// Elements and attributes of one XML document.
inline constexpr size_t kXmlNodesMax = 200'000;
// Slots of values (16 bytes each) that one request may ask for: empty
// structures and lists are far larger in memory than on the wire.
inline constexpr size_t kValuesMax = size_t{1} << 22;
// Parameters of a form, dots in a parameter's name, and the highest index of a
// list.
inline constexpr size_t kFormParametersMax = 20'000;
inline constexpr int kFormDepthMax = 32;
inline constexpr uint32_t kFormIndexMax = 10'000;
// Labels in the path of one route.
inline constexpr size_t kLabelsMax = 8;
// Broken constraints that one message names, and characters of a value that it
// repeats.
inline constexpr int kViolationsMax = 10;
inline constexpr size_t kViolationValueMax = 1024;
// PCRE2's match limit (steps of backtracking) and heap for one pattern, in
// steps and KiB.
inline constexpr uint32_t kPatternSteps = 100'000;
inline constexpr uint32_t kPatternHeapKib = 1024;

}  // namespace millrace::wire::limits
