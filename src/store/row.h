// Rows: structs as bytes, by numbered fields, so that older and newer programs read each other's.
//
//   struct Widget {
//     std::string name;
//     int64_t count = 0;
//     template <class Self, class Visitor>
//     static void fields(Self& self, Visitor& v) { v(1, self.name); v(2, self.count); }
//   };
//
// Numbers ascend within a struct and are never used again for something else. A member may be a
// string, bool, integer, enum, float or double, Time, a chrono duration, Realm, a struct with
// fields(), and a vector, set, map or optional of these. A field that is not there leaves the
// member as the default constructor made it; a field that is not known is skipped. The format is
// docs/formats/rows.md.
//
// Pure. Errors of decoding: `internal`, where the bytes are damaged or a field has another type.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "store/limits.h"

namespace millrace::store {

namespace detail {

enum class Wire : uint8_t { varint = 0, fixed64 = 1, bytes = 2 };

void put_varint(Bytes& out, uint64_t value);
void put_fixed64(Bytes& out, uint64_t value);
void put_bytes(Bytes& out, BytesView bytes);

// What is left to decode. Every take_… answers false, and changes nothing further, on damage.
struct Input {
  BytesView rest;
  unsigned depth = 0;
  bool take_varint(uint64_t& value);
  bool take_fixed64(uint64_t& value);
  bool take_bytes(BytesView& bytes);
  bool skip(Wire wire);
};

// The fields of one encoded struct, found before its members are visited.
class FieldIndex {
 public:
  bool parse(BytesView body);
  // The payload of field `number`, if it is there.
  bool find(uint32_t number, Wire& wire, BytesView& payload);

 private:
  // Not initialised: most structs have few fields, and many are decoded.
  struct Entry {
    uint32_t number;
    Wire wire;
    const char* data;
    size_t size;
  };
  static constexpr size_t kFewFields = 16;

  void add(const Entry& entry);
  const Entry& at(size_t i) const { return i < kFewFields ? few_[i] : more_[i - kFewFields]; }

  std::array<Entry, kFewFields> few_;
  std::vector<Entry> more_;
  size_t count_ = 0;
  size_t next_ = 0;
};

template <class T>
struct Codec;  // wire, put(out, value), take(in, value)

struct Probe {
  template <class T>
  void operator()(uint32_t, T&) {}
};
template <class T>
concept Struct = requires(T& value, Probe& probe) { T::fields(value, probe); };

template <class T>
void put_field(Bytes& out, uint32_t number, const T& value) {
  put_varint(out, uint64_t{number} << 2 | static_cast<uint64_t>(Codec<T>::wire));
  Codec<T>::put(out, value);
}

struct FieldWriter {
  Bytes& out;
  uint32_t last = 0;
  template <class T>
  void operator()(uint32_t number, const T& value) {
    next(number);
    put_field(out, number, value);
  }
  template <class T>
  void operator()(uint32_t number, const std::optional<T>& value) {
    next(number);
    if (value) put_field(out, number, *value);
  }
  void next(uint32_t number) {
    ASSERT(number > last);
    last = number;
  }
};

struct FieldReader {
  FieldIndex& index;
  unsigned depth = 0;
  uint32_t damaged = 0;  // The first field that could not be read.
  template <class T>
  void operator()(uint32_t number, T& value) {
    Wire wire{};
    BytesView payload;
    if (damaged != 0 || !index.find(number, wire, payload)) return;
    Input in{payload, depth};
    if (wire != Codec<T>::wire || !Codec<T>::take(in, value) || !in.rest.empty()) damaged = number;
  }
  template <class T>
  void operator()(uint32_t number, std::optional<T>& value) {
    Wire wire{};
    BytesView payload;
    if (damaged != 0 || !index.find(number, wire, payload)) return;
    (*this)(number, value.emplace());
  }
};

template <class T>
void put_struct(Bytes& out, const T& value) {
  FieldWriter writer{out};
  T::fields(value, writer);
}

// The number of the damaged field, or nothing; 0 where the fields cannot even be told apart.
template <class T>
std::optional<uint32_t> take_struct(BytesView body, unsigned depth, T& value) {
  FieldIndex index;
  if (depth > kRowDepthMax || !index.parse(body)) return 0;
  FieldReader reader{index, depth};
  T::fields(value, reader);
  if (reader.damaged != 0) return reader.damaged;
  return std::nullopt;
}

template <>
struct Codec<std::string> {
  static constexpr Wire wire = Wire::bytes;
  static void put(Bytes& out, const std::string& value) { put_bytes(out, value); }
  static bool take(Input& in, std::string& value) {
    BytesView bytes;
    if (!in.take_bytes(bytes)) return false;
    value.assign(bytes);
    return true;
  }
};

template <>
struct Codec<bool> {
  static constexpr Wire wire = Wire::varint;
  static void put(Bytes& out, bool value) { put_varint(out, value ? 1 : 0); }
  static bool take(Input& in, bool& value) {
    uint64_t number = 0;
    if (!in.take_varint(number) || number > 1) return false;
    value = number == 1;
    return true;
  }
};

// Signed integers are zigzag-coded, so that small negative ones stay short.
template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
struct Codec<T> {
  static constexpr Wire wire = Wire::varint;
  static void put(Bytes& out, T value) {
    if constexpr (std::is_signed_v<T>) {
      const auto wide = static_cast<int64_t>(value);
      put_varint(out, static_cast<uint64_t>(wide) << 1 ^ static_cast<uint64_t>(wide >> 63));
    } else {
      put_varint(out, value);
    }
  }
  static bool take(Input& in, T& value) {
    uint64_t number = 0;
    if (!in.take_varint(number)) return false;
    if constexpr (std::is_signed_v<T>) {
      const auto wide = static_cast<int64_t>(number >> 1 ^ (~(number & 1) + 1));
      if (!std::in_range<T>(wide)) return false;
      value = static_cast<T>(wide);
    } else {
      if (!std::in_range<T>(number)) return false;
      value = static_cast<T>(number);
    }
    return true;
  }
};

// Any value of the underlying type is kept: a newer program may know more enumerators.
template <class T>
  requires std::is_enum_v<T>
struct Codec<T> {
  using Number = std::underlying_type_t<T>;
  static constexpr Wire wire = Wire::varint;
  static void put(Bytes& out, T value) { Codec<Number>::put(out, static_cast<Number>(value)); }
  static bool take(Input& in, T& value) {
    Number number{};
    if (!Codec<Number>::take(in, number)) return false;
    value = static_cast<T>(number);
    return true;
  }
};

template <class T>
  requires std::is_floating_point_v<T>
struct Codec<T> {
  static constexpr Wire wire = Wire::fixed64;
  static void put(Bytes& out, T value) {
    put_fixed64(out, std::bit_cast<uint64_t>(static_cast<double>(value)));
  }
  static bool take(Input& in, T& value) {
    uint64_t bits = 0;
    if (!in.take_fixed64(bits)) return false;
    value = static_cast<T>(std::bit_cast<double>(bits));
    return true;
  }
};

template <class Rep, class Period>
  requires std::is_integral_v<Rep>
struct Codec<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static constexpr Wire wire = Wire::varint;
  static void put(Bytes& out, Duration value) { Codec<Rep>::put(out, value.count()); }
  static bool take(Input& in, Duration& value) {
    Rep count{};
    if (!Codec<Rep>::take(in, count)) return false;
    value = Duration(count);
    return true;
  }
};

template <>
struct Codec<Time> {
  static constexpr Wire wire = Wire::varint;
  static void put(Bytes& out, Time value) {
    Codec<microseconds>::put(out, value.time_since_epoch());
  }
  static bool take(Input& in, Time& value) {
    microseconds since{};
    if (!Codec<microseconds>::take(in, since)) return false;
    value = Time(since);
    return true;
  }
};

template <>
struct Codec<Realm> {
  static constexpr Wire wire = Wire::bytes;
  static void put(Bytes& out, const Realm& value);
  static bool take(Input& in, Realm& value);
};

template <Struct T>
struct Codec<T> {
  static constexpr Wire wire = Wire::bytes;
  static void put(Bytes& out, const T& value) {
    Bytes body;
    put_struct(body, value);
    put_bytes(out, body);
  }
  static bool take(Input& in, T& value) {
    BytesView body;
    return in.take_bytes(body) && !take_struct(body, in.depth + 1, value);
  }
};

// Reads the wire type and the number of the elements of a container; `in` becomes its body.
bool open_container(Input& in, Wire wire, Input& body, uint64_t& count);

template <class Container>
struct ListCodec {
  using Element = typename Container::value_type;
  static constexpr Wire wire = Wire::bytes;
  static void put(Bytes& out, const Container& value) {
    Bytes body;
    body.push_back(static_cast<char>(Codec<Element>::wire));
    put_varint(body, value.size());
    for (const Element& element : value) Codec<Element>::put(body, element);
    put_bytes(out, body);
  }
  static bool take(Input& in, Container& value) {
    Input body{};
    uint64_t count = 0;
    if (!open_container(in, Codec<Element>::wire, body, count)) return false;
    Container read;
    for (uint64_t i = 0; i < count; ++i) {
      Element element{};
      if (!Codec<Element>::take(body, element)) return false;
      read.insert(read.end(), std::move(element));
    }
    if (!body.rest.empty() || read.size() != count) return false;
    value = std::move(read);
    return true;
  }
};
template <class T>
struct Codec<std::vector<T>> : ListCodec<std::vector<T>> {};
template <class T>
struct Codec<std::set<T>> : ListCodec<std::set<T>> {};

template <class K, class V>
struct Codec<std::map<K, V>> {
  static constexpr Wire wire = Wire::bytes;
  static constexpr auto kBoth = static_cast<Wire>(static_cast<unsigned>(Codec<K>::wire) << 4 |
                                                  static_cast<unsigned>(Codec<V>::wire));
  static void put(Bytes& out, const std::map<K, V>& value) {
    Bytes body;
    body.push_back(static_cast<char>(kBoth));
    put_varint(body, value.size());
    for (const auto& [key, mapped] : value) {
      Codec<K>::put(body, key);
      Codec<V>::put(body, mapped);
    }
    put_bytes(out, body);
  }
  static bool take(Input& in, std::map<K, V>& value) {
    Input body{};
    uint64_t count = 0;
    if (!open_container(in, kBoth, body, count)) return false;
    std::map<K, V> read;
    for (uint64_t i = 0; i < count; ++i) {
      std::pair<K, V> entry;
      if (!Codec<K>::take(body, entry.first) || !Codec<V>::take(body, entry.second)) return false;
      read.insert(read.end(), std::move(entry));
    }
    if (!body.rest.empty() || read.size() != count) return false;
    value = std::move(read);
    return true;
  }
};

Result<BytesView> open_row(BytesView bytes);
std::unexpected<Error> damaged_row(uint32_t field);

}  // namespace detail

inline constexpr char kRowFormat = 1;

template <class Row>
Bytes encode_row(const Row& row) {
  Bytes out(1, kRowFormat);
  detail::put_struct(out, row);
  return out;
}

template <class Row>
Result<Row> decode_row(BytesView bytes) {
  TRY(const BytesView body, detail::open_row(bytes));
  Row row{};
  if (const auto damaged = detail::take_struct(body, 0, row)) return detail::damaged_row(*damaged);
  return row;
}

}  // namespace millrace::store
