// Any bytes decode to a row or to an error; what decodes is what it encodes to again.
#include "store/row.h"

#include <cstdlib>

namespace {

using namespace millrace;

struct Node {
  std::string text;
  int32_t small = 0;
  uint64_t large = 0;
  double real = 0;
  bool flag = false;
  Time time{};
  Realm realm;
  std::vector<Node> nodes;
  std::map<std::string, std::vector<int64_t>> series;
  std::set<std::string> names;
  std::optional<std::string> note;
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.text);
    v(2, self.small);
    v(3, self.large);
    v(4, self.real);
    v(5, self.flag);
    v(6, self.time);
    v(7, self.realm);
    v(8, self.nodes);
    v(9, self.series);
    v(10, self.names);
    v(11, self.note);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const BytesView bytes(reinterpret_cast<const char*>(data), size);
  const Result<Node> node = store::decode_row<Node>(bytes);
  if (!node) return 0;
  const Bytes encoded = store::encode_row(*node);
  const Result<Node> again = store::decode_row<Node>(encoded);
  if (!again || store::encode_row(*again) != encoded) std::abort();
  return 0;
}
