// What must be true of XML text before a lenient parser sees it.
#pragma once

#include <string_view>

namespace millrace::wire {

// True where `text` has no document type, only predefined and numeric
// references, is UTF-8 without NUL, has at most kXmlNodesMax tags and nests at
// most kDepthMax deep.
bool is_safe_xml(std::string_view text);

}  // namespace millrace::wire
