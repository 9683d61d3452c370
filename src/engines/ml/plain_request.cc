#include "engines/ml/plain_request.h"

#include <array>

#include "engines/ml/limits.h"
#include "engines/ml/record.h"

namespace millrace::ml {
namespace {

constexpr int kDigitsMax = 15;
constexpr int kPowerMax = 22;
constexpr std::array<double, kPowerMax + 1> kPowers = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

class PlainReader {
 public:
  PlainReader(BytesView body, const RowRules& rules, RowBatch& rows)
      : at_(body.data()), end_(body.data() + body.size()), rules_(rules), rows_(rows) {}

  bool read() {
    if (!take('{') || !name("instances") || !take('[')) return false;
    if (!take(']')) {
      do {
        if (rows_.size() >= kRequestRowsMax || !instance() || !end_row()) return false;
      } while (take(','));
      if (!take(']')) return false;
    }
    if (!take('}')) return false;
    return ended();
  }
  bool read_instance() { return instance() && ended() && end_row(); }

 private:
  bool ended() {
    skip();
    return at_ == end_;
  }
  bool end_row() { return append_row(rules_, rows_, sparse_, 0).has_value(); }
  void skip() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool take(char wanted) {
    skip();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  // A member's name and the colon; where it is another one, nothing is taken.
  bool name(std::string_view wanted) {
    skip();
    const size_t size = wanted.size() + 2;
    if (static_cast<size_t>(end_ - at_) < size || at_[0] != '"' || at_[size - 1] != '"') {
      return false;
    }
    if (BytesView(at_ + 1, wanted.size()) != wanted) return false;
    at_ += size;
    return take(':');
  }

  bool instance() {
    if (!take('{')) return false;
    const bool wrapped = name("data");
    if (wrapped && !take('{')) return false;
    if (!name("features") || !features()) return false;
    if (wrapped && !take('}')) return false;
    return take('}');
  }

  bool features() {
    sparse_ = false;
    if (take('[')) return values();
    if (!take('{')) return false;
    bool has_keys = false;
    bool has_values = false;
    bool has_shape = false;
    do {
      bool* const seen = name("keys")     ? &has_keys
                         : name("values") ? &has_values
                         : name("shape")  ? &has_shape
                                          : nullptr;
      if (seen == nullptr || *seen || !take('[')) return false;
      *seen = true;
      if (!(seen == &has_keys ? keys() : seen == &has_values ? values() : shape())) return false;
    } while (take(','));
    sparse_ = has_keys;
    return has_values && take('}');
  }

  // What follows an opened list, to its end.
  template <class One>
  bool list(const One& one) {
    if (take(']')) return true;
    do {
      skip();
      if (!one()) return false;
    } while (take(','));
    return take(']');
  }

  bool keys() {
    return list([&] {
      uint64_t key = 0;
      if (!whole(key) || key >= rules_.feature_dim) return false;
      rows_.indices.push_back(static_cast<uint32_t>(key));
      return true;
    });
  }
  bool shape() {
    return list([&] {
      uint64_t size = 0;
      return whole(size);
    });
  }
  bool values() {
    return list([&] {
      double value = 0;
      if (!number(value)) return false;
      rows_.values.push_back(static_cast<float>(value));
      return true;
    });
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  // Digits up to kDigitsMax in all; how many there were.
  int digits(uint64_t& value, int room) {
    int count = 0;
    while (at_ < end_ && is_digit(*at_) && count <= room) {
      value = value * 10 + static_cast<uint64_t>(*at_ - '0');
      ++at_;
      ++count;
    }
    return count;
  }
  bool whole(uint64_t& value) {
    const char* const begin = at_;
    const int count = digits(value, kDigitsMax);
    if (count == 0 || count > kDigitsMax || (count > 1 && *begin == '0')) return false;
    return at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
  }

  // A JSON number that is m 10^p with m below 10^15 and p within 22: then the double nearest to it
  // comes of one multiplication or division (Clinger 1990, "How to read floating point numbers
  // accurately").
  bool number(double& value) {
    const bool negative = at_ < end_ && *at_ == '-';
    if (negative) ++at_;
    const char* const begin = at_;
    uint64_t mantissa = 0;
    int count = digits(mantissa, kDigitsMax);
    if (count == 0 || (count > 1 && *begin == '0')) return false;
    int power = 0;
    if (at_ < end_ && *at_ == '.') {
      ++at_;
      const int fraction = digits(mantissa, kDigitsMax - count);
      if (fraction == 0) return false;
      power = -fraction;
      count += fraction;
    }
    if (count > kDigitsMax) return false;
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E') && !exponent(power)) return false;
    if (power < -kPowerMax || power > kPowerMax) return false;
    value = static_cast<double>(mantissa);
    value = power < 0 ? value / kPowers[static_cast<size_t>(-power)]
                      : value * kPowers[static_cast<size_t>(power)];
    if (negative) value = -value;
    return true;
  }

  bool exponent(int& power) {
    ++at_;
    const bool negative = at_ < end_ && *at_ == '-';
    if (at_ < end_ && (*at_ == '-' || *at_ == '+')) ++at_;
    uint64_t size = 0;
    const int count = digits(size, 3);
    if (count == 0 || count > 3) return false;
    power += negative ? -static_cast<int>(size) : static_cast<int>(size);
    return true;
  }

  const char* at_;
  const char* const end_;
  const RowRules& rules_;
  RowBatch& rows_;
  bool sparse_ = false;  // The instance that was read last.
};

}  // namespace

bool parse_plain_request(BytesView body, uint64_t feature_dim, RowBatch& rows) {
  ASSERT(rows.empty());
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  if (PlainReader(body, rules, rows).read()) return true;
  rows.clear();
  return false;
}

bool parse_plain_instance(BytesView line, uint64_t feature_dim, RowBatch& rows) {
  if (rows.size() >= kRequestRowsMax) return false;
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  if (PlainReader(line, rules, rows).read_instance()) return true;
  rows.undo();
  return false;
}

}  // namespace millrace::ml
