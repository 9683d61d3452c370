#include "base/ids.h"

#include <array>

namespace millrace {

std::string make_arn(std::string_view service, const Realm& realm, std::string_view resource) {
  std::string out = "arn:aws:";
  out.append(service).append(":");
  if (realm.region != "aws-global") out.append(realm.region);
  return out.append(":").append(realm.account).append(":").append(resource);
}

Arn parse_arn(std::string_view text) {
  std::array<std::string_view, 6> pieces;
  for (size_t i = 0; i < 5; ++i) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return {};
    pieces[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  pieces[5] = text;
  if (pieces[0] != "arn") return {};
  return {std::string(pieces[1]), std::string(pieces[2]), std::string(pieces[3]),
          std::string(pieces[4]), std::string(pieces[5])};
}

}  // namespace millrace
