// CRCs by table, for any machine. Private to the module; callers use hash.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace millrace {

// Eight tables, so that eight bytes are folded at once ("slicing by eight").
template <class Word, Word kPolynomial>
constexpr auto crc_tables() {
  std::array<std::array<Word, 256>, 8> tables{};
  for (unsigned i = 0; i < 256; ++i) {
    Word value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ kPolynomial : value >> 1;
    tables[0][i] = value;
  }
  for (unsigned i = 0; i < 256; ++i) {
    for (size_t t = 1; t < 8; ++t) {
      tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
    }
  }
  return tables;
}

template <class Word, Word kPolynomial>
Word crc_by_table(Word seed, BytesView bytes) {
  static constexpr auto kTables = crc_tables<Word, kPolynomial>();
  Word value = static_cast<Word>(~seed);
  const char* p = bytes.data();
  size_t n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t chunk = 0;
    for (int i = 0; i < 8; ++i) chunk |= static_cast<uint64_t>(static_cast<uint8_t>(p[i])) << 8 * i;
    chunk ^= value;
    value = 0;
    for (size_t i = 0; i < 8; ++i) value ^= kTables[7 - i][chunk >> 8 * i & 255];
  }
  for (; n > 0; --n, ++p) value = value >> 8 ^ kTables[0][(value ^ static_cast<uint8_t>(*p)) & 255];
  return static_cast<Word>(~value);
}

inline constexpr uint32_t kCastagnoli = 0x82F63B78U;  // Reflected.

}  // namespace millrace
