#include "engines/ml/libsvm_lines.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "engines/ml/decimal.h"
#include "engines/ml/record.h"

namespace millrace::ml {
namespace {

constexpr size_t kPlacesAtOnce = 16;  // Which are copied together, and written over.

template <class T>
void grow(std::vector<T>& to, size_t size) {
  if (to.size() < size) to.resize(size);
}

// `to` and `from` have room for kPlacesAtOnce more.
inline void copy_places(const uint32_t* from, size_t count, uint32_t* to) {
  for (size_t n = 0; n < count; n += kPlacesAtOnce) {
    std::memcpy(to + n, from + n, kPlacesAtOnce * sizeof *to);
  }
}

// All of [begin, end) as a finite number, however it is written.
bool read_any(const char* begin, const char* end, float& value) {
  double wide = 0;
  if (begin >= end || !take_decimal(begin, end, wide)) return false;
  value = static_cast<float>(wide);
  return begin == end && std::isfinite(value);
}

}  // namespace

size_t LibsvmLines::read(BytesView lines, size_t lines_max, const RowRules& rules) {
  text_ = lines.data();
  lines_ = find_features(text_, text_ + lines.size(), lines_max, places_);
  find_words();
  read_words();
  check_rows(rules);
  return lines_;
}

void LibsvmLines::find_words() {
  const size_t room = places_.breaks.size();
  for (std::vector<uint32_t>* const each :
       {&befores_, &colons_, &ends_, &label_befores_, &label_ends_}) {
    grow(*each, room);
  }
  grow(others_, lines_);
  grow(row_ends_, lines_);
  size_t features = 0;
  uint32_t first_break = 0;
  uint32_t first_colon = 0;
  for (size_t line = 0; line < lines_; ++line) {
    const uint32_t* const breaks = places_.breaks.data() + first_break;
    const size_t count = places_.colons_to[line] - first_colon;
    // Were the order of the separators another one, a word would hold one, or end before it begins.
    const bool other = places_.breaks_to[line] - first_break != count + 1;
    label_befores_[line] = line == 0 ? ~uint32_t{0} : places_.feeds[line - 1];
    label_ends_[line] = breaks[0];
    others_[line] = other ? 1 : 0;
    if (!other) {
      copy_places(breaks, count, befores_.data() + features);
      copy_places(breaks + 1, count, ends_.data() + features);
      copy_places(places_.colons.data() + first_colon, count, colons_.data() + features);
      features += count;
    }
    row_ends_[line] = features;
    first_break = places_.breaks_to[line];
    first_colon = places_.colons_to[line];
  }
}

void LibsvmLines::read_words() {
  const size_t features = lines_ == 0 ? 0 : row_ends_[lines_ - 1];
  grow(labels_, lines_);
  grow(indices_, features);
  grow(values_, features);
  const Words labels{text_, label_befores_.data(), label_ends_.data()};
  const Words indices{text_, befores_.data(), colons_.data()};
  const Words values{text_, colons_.data(), ends_.data()};
  for (const uint32_t n : read_decimals(labels, lines_, labels_.data(), unread_)) {
    if (!read_any(labels.begin(n), labels.end(n), labels_[n])) others_[n] = 1;
  }
  for (const uint32_t n : read_wholes(indices, features, indices_.data(), unread_)) {
    others_[line_of(n)] = 1;
  }
  for (const uint32_t n : read_decimals(values, features, values_.data(), unread_)) {
    if (!read_any(values.begin(n), values.end(n), values_[n])) others_[line_of(n)] = 1;
  }
}

void LibsvmLines::check_rows(const RowRules& rules) {
  size_t begin = 0;
  for (size_t line = 0; line < lines_; ++line) {
    const size_t end = row_ends_[line];
    uint64_t next = 0;  // The least that the next index may be.
    bool right = true;
    for (size_t n = begin; n < end; ++n) {
      right &= indices_[n] >= next;
      next = uint64_t{indices_[n]} + 1;
    }
    right &= next <= rules.feature_dim;
    if (rules.label == LabelRule::zero_one) right &= labels_[line] == 0 || labels_[line] == 1;
    if (rules.label == LabelRule::ignored) labels_[line] = 0;
    others_[line] |= right ? 0 : 1;
    begin = end;
  }
}

size_t LibsvmLines::line_of(size_t feature) const {
  const auto ends = std::span(row_ends_).first(lines_);
  return static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), feature) - ends.begin());
}

size_t LibsvmLines::first_other(size_t from, size_t to) const {
  const auto* const found =
      static_cast<const uint8_t*>(std::memchr(others_.data() + from, 1, to - from));
  return found == nullptr ? to : static_cast<size_t>(found - others_.data());
}

void LibsvmLines::append(size_t from, size_t to, RowBatch& batch) const {
  const size_t begin = from == 0 ? 0 : row_ends_[from - 1];
  const size_t count = row_ends_[to - 1] - begin;
  batch.append_rows(
      {std::span(indices_).subspan(begin, count), std::span(values_).subspan(begin, count)},
      std::span(row_ends_).subspan(from, to - from), begin,
      std::span(labels_).subspan(from, to - from));
}

}  // namespace millrace::ml
