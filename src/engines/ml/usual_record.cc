#include "engines/ml/usual_record.h"

#include <bit>
#include <cstring>

namespace millrace::ml {
namespace {

static_assert(std::endian::native == std::endian::little);

// Tags of record.proto's fields, all of wire type 2 (length and bytes).
constexpr uint8_t kFeatures = 0x0a;
constexpr uint8_t kLabel = 0x12;
constexpr uint8_t kEntryValue = 0x12;
constexpr uint8_t kFloat32Tensor = 0x12;
constexpr uint8_t kValues = 0x0a;
constexpr uint8_t kKeys = 0x12;
constexpr uint8_t kShape = 0x1a;
// The key of an entry with its tag and length.
constexpr char kValuesKey[] = "\x0a\x06values";
constexpr char kImportanceKey[] = "\x0a\x0aimportance";
constexpr uint32_t kInfinity = 0x7f800000;  // The exponent of what is not finite.

struct Cursor {
  const char* at;
  const char* end;
  size_t left() const { return static_cast<size_t>(end - at); }
};

// Takes the field with this tag; `inner` is what it holds.
inline bool take(Cursor& from, uint8_t tag, Cursor& inner) {
  if (from.left() < 2 || static_cast<uint8_t>(from.at[0]) != tag) return false;
  size_t size = static_cast<uint8_t>(from.at[1]);
  const char* at = from.at + 2;
  if (size >= 0x80) {
    size &= 0x7f;
    for (unsigned shift = 7;; shift += 7) {
      if (at == from.end || shift > 28) return false;
      const auto byte = static_cast<uint8_t>(*at++);
      size |= static_cast<size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
  }
  if (size > static_cast<size_t>(from.end - at)) return false;
  inner = {at, at + size};
  from.at = at + size;
  return true;
}

template <size_t Size>
inline bool take_text(Cursor& from, const char (&text)[Size]) {
  constexpr size_t kBytes = Size - 1;
  if (from.left() < kBytes || std::memcmp(from.at, text, kBytes) != 0) return false;
  from.at += kBytes;
  return true;
}

// The float32 tensor that is the rest of a map's entry.
inline bool take_tensor(Cursor& entry, Cursor& tensor) {
  Cursor value{};
  return take(entry, kEntryValue, value) && entry.left() == 0 &&
         take(value, kFloat32Tensor, tensor) && value.left() == 0;
}

struct Parts {
  Cursor values{};
  Cursor keys{};  // Of a dense record: none.
  uint32_t label_bits = 0;
  float importance = 1;
};

inline bool take_features(Cursor& record, Parts& parts) {
  Cursor entry{}, tensor{}, shape{};
  if (!take(record, kFeatures, entry) || !take_text(entry, kValuesKey)) return false;
  if (!take_tensor(entry, tensor) || !take(tensor, kValues, parts.values)) return false;
  if (tensor.left() != 0 && tensor.at[0] == kKeys && !take(tensor, kKeys, parts.keys)) return false;
  if (tensor.left() != 0 && !take(tensor, kShape, shape)) return false;
  return tensor.left() == 0 && parts.values.left() % sizeof(float) == 0;
}

// The one number of an entry; its bits.
inline bool take_number(Cursor& entry, uint32_t& bits) {
  Cursor tensor{}, value{};
  if (!take_tensor(entry, tensor) || !take(tensor, kValues, value)) return false;
  if (tensor.left() != 0 || value.left() != sizeof bits) return false;
  std::memcpy(&bits, value.at, sizeof bits);
  return (bits & kInfinity) != kInfinity;
}

inline bool take_labels(Cursor& record, LabelRule rule, Parts& parts) {
  // What is not read is not looked at by the general parser either, but as a map's entry.
  bool labelled = false;
  bool weighted = false;
  Cursor entry{};
  while (record.left() != 0) {
    uint32_t bits = 0;
    if (!take(record, kLabel, entry)) return false;
    if (take_text(entry, kValuesKey)) {
      if (labelled || !take_number(entry, bits)) return false;
      parts.label_bits = bits;
      labelled = true;
    } else if (take_text(entry, kImportanceKey)) {
      if (weighted || !take_number(entry, bits)) return false;
      parts.importance = std::bit_cast<float>(bits);
      weighted = true;
      if (!(parts.importance > 0)) return false;
    } else {
      return false;
    }
  }
  if (rule == LabelRule::ignored) {
    parts.label_bits = 0;
    parts.importance = 1;
    return true;
  }
  const auto label = std::bit_cast<float>(parts.label_bits);
  return labelled && (rule != LabelRule::zero_one || label == 0 || label == 1);
}

// Whether all are finite; vectorised by the compiler.
inline bool all_finite(const float* values, size_t count) {
  uint32_t wrong = 0;
  for (size_t i = 0; i < count; ++i) {
    wrong |= (std::bit_cast<uint32_t>(values[i]) & kInfinity) == kInfinity ? 1u : 0u;
  }
  return wrong == 0;
}

// Takes a varint of at most 8 bytes where 8 bytes can be read: without a branch on its length,
// which no processor can foretell where indices have two bytes or three.
inline bool take_varint_of_word(Cursor& from, uint64_t& value) {
  uint64_t word = 0;
  std::memcpy(&word, from.at, sizeof word);
  const uint64_t stops = ~word & 0x8080808080808080;
  from.at += (std::countr_zero(stops) >> 3) + 1;
  word &= stops ^ (stops - 1);
  // Moves the groups of 7 bits together: pairs, fours, eights.
  word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
  word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
  value = (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
  return stops != 0;
}

inline bool take_varint_of_bytes(Cursor& from, uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 56 && from.at != from.end; shift += 7) {
    const auto byte = static_cast<uint8_t>(*from.at++);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Exactly `count` keys, increasing and below `feature_dim`. `readable` is where the record ends.
inline bool take_keys(Cursor keys, const char* readable, size_t count, uint64_t feature_dim,
                      uint32_t* out) {
  // A key has at least one byte, so that what is not there is not asked for in memory either.
  if (keys.left() < count) return false;
  uint64_t wrong = 0;
  uint64_t next = 0;  // The least that the next key may be.
  for (size_t i = 0; i < count; ++i) {
    uint64_t key = 0;
    const bool taken = static_cast<size_t>(readable - keys.at) >= sizeof key
                           ? take_varint_of_word(keys, key)
                           : take_varint_of_bytes(keys, key);
    if (!taken || keys.at > keys.end) return false;
    wrong |= static_cast<uint64_t>(key < next) | static_cast<uint64_t>(key >= feature_dim);
    next = key + 1;
    out[i] = static_cast<uint32_t>(key);
  }
  return wrong == 0 && keys.at == keys.end;
}

inline bool append_sparse(const Parts& parts, const char* readable, uint64_t feature_dim,
                          RowBatch& rows) {
  const size_t begin = rows.open_begin();
  const size_t count = parts.values.left() / sizeof(float);
  if (count == 0 || parts.keys.left() < count) return false;
  rows.indices.resize(begin + count);
  rows.values.resize(begin + count);
  float* const values = rows.values.data() + begin;
  std::memcpy(values, parts.values.at, parts.values.left());
  return all_finite(values, count) &&
         take_keys(parts.keys, readable, count, feature_dim, rows.indices.data() + begin);
}

// Leaves zeros out.
inline bool append_dense(const Parts& parts, uint64_t feature_dim, RowBatch& rows) {
  const size_t begin = rows.open_begin();
  const size_t count = parts.values.left() / sizeof(float);
  if (count == 0 || count != feature_dim) return false;
  rows.indices.resize(begin + count);
  rows.values.resize(begin + count);
  float* const values = rows.values.data() + begin;
  uint32_t* const indices = rows.indices.data() + begin;
  std::memcpy(values, parts.values.at, parts.values.left());
  if (!all_finite(values, count)) return false;
  size_t zeros = 0;
  for (size_t i = 0; i < count; ++i) {
    indices[i] = static_cast<uint32_t>(i);
    zeros += values[i] == 0 ? 1 : 0;
  }
  if (zeros == 0) return true;
  size_t end = 0;
  for (size_t i = 0; i < count; ++i) {
    const float value = values[i];
    values[end] = value;
    indices[end] = static_cast<uint32_t>(i);
    end += value != 0 ? 1 : 0;
  }
  rows.indices.resize(begin + end);
  rows.values.resize(begin + end);
  return true;
}

}  // namespace

bool append_usual_record(BytesView record, const RowRules& rules, RowBatch& rows) {
  Cursor cursor{record.data(), record.data() + record.size()};
  Parts parts;
  if (!take_features(cursor, parts) || !take_labels(cursor, rules.label, parts)) return false;
  const bool appended = parts.keys.left() != 0
                            ? append_sparse(parts, cursor.end, rules.feature_dim, rows)
                            : append_dense(parts, rules.feature_dim, rows);
  if (!appended) {
    rows.undo();
    return false;
  }
  rows.end_row(std::bit_cast<float>(parts.label_bits));
  if (parts.importance != 1) rows.weigh_last_row(parts.importance);
  return true;
}

}  // namespace millrace::ml
