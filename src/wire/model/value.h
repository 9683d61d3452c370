// Value: one node of a typed document; View: a borrowed structure with named access.
//
// A structure is an array of slots, one per member of its shape, so that codecs fill it by index
// and generated views read it by index. Nodes and their texts live in an Arena (or in the request's
// body, for texts that needed no unescaping) and are borrowed by everything here: a View is three
// pointers, copied freely, never outliving its Call. Not thread-safe.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/model/model.h"

namespace millrace::wire {

struct MapEntry;

enum class ValueType : uint8_t {
  absent,
  null,  // Present and null, as sparse lists and maps have it; elsewhere codecs drop it.
  boolean,
  integer,
  real,
  text,  // Strings, blobs (raw bytes) and documents (JSON text).
  timestamp,
  list,
  map,
  structure,
};

// 16 bytes. `size` counts characters, items, entries or slots.
struct Value {
  ValueType type = ValueType::absent;
  uint32_t size = 0;
  union {
    bool boolean;
    int64_t integer;  // Also a timestamp, in microseconds since the epoch.
    double real;
    const char* text;
    Value* items;       // list: size items; structure: size slots
    MapEntry* entries;  // map
  };

  Value() : integer(0) {}
  bool present() const { return type != ValueType::absent; }
  std::string_view as_text() const { return {text, size}; }
  Time as_time() const { return Time(microseconds(integer)); }

  static Value of_bool(bool v) {
    Value out;
    out.type = ValueType::boolean;
    out.boolean = v;
    return out;
  }
  static Value of_integer(int64_t v) {
    Value out;
    out.type = ValueType::integer;
    out.integer = v;
    return out;
  }
  static Value of_real(double v) {
    Value out;
    out.type = ValueType::real;
    out.real = v;
    return out;
  }
  static Value of_time(Time v) {
    Value out;
    out.type = ValueType::timestamp;
    out.integer = v.time_since_epoch().count();
    return out;
  }
  // Borrows `v`.
  static Value of_text(std::string_view v) {
    Value out;
    out.type = ValueType::text;
    out.size = static_cast<uint32_t>(v.size());
    out.text = v.data();
    return out;
  }
  static Value of_null() {
    Value out;
    out.type = ValueType::null;
    return out;
  }
};

struct MapEntry {
  std::string_view key;
  Value value;
};

// An empty structure of that shape; an empty list; an empty map.
Value make_structure(const Shape& shape, Arena& arena);
Value make_list();
Value make_map();
// Grows a list or map by one and returns the new slot. Capacity is the next power of two.
Value& append_item(Value& list, Arena& arena);
Value& append_entry(Value& map, std::string_view key, Arena& arena);  // Borrows `key`.
// The entry of that key, or null.
const Value* find_entry(const Value& map, std::string_view key);

class View {
 public:
  View() = default;
  View(const Shape& shape, Value* slots, Arena& arena)
      : shape_(&shape), slots_(slots), arena_(&arena) {}

  explicit operator bool() const { return slots_ != nullptr; }
  const Shape& shape() const { return *shape_; }
  Arena& arena() const { return *arena_; }
  Value& slot(size_t index) const { return slots_[index]; }
  Value as_value() const;  // The structure as a node, sharing its slots.

  // Sets every member of this that `from` has under the same name and shape, sharing its nodes
  // (both arenas must live as long as this view).
  void share_members(const View& from) const;

 protected:
  bool has(size_t i) const { return slots_ != nullptr && slots_[i].present(); }
  std::string_view get_text(size_t i, std::string_view otherwise) const {
    return has(i) ? slots_[i].as_text() : otherwise;
  }
  int64_t get_integer(size_t i, int64_t otherwise) const {
    return has(i) ? slots_[i].integer : otherwise;
  }
  double get_real(size_t i, double otherwise) const { return has(i) ? slots_[i].real : otherwise; }
  bool get_bool(size_t i, bool otherwise) const { return has(i) ? slots_[i].boolean : otherwise; }
  Time get_time(size_t i, Time otherwise) const { return has(i) ? slots_[i].as_time() : otherwise; }
  void set_text(size_t i, std::string_view v) const { slots_[i] = Value::of_text(arena_->copy(v)); }
  Value& make(size_t i) const;  // An empty structure, list or map, by the member's shape.

  const Shape* shape_ = nullptr;
  Value* slots_ = nullptr;
  Arena* arena_ = nullptr;
};

// How a C++ type is read from and written to a node: one specialisation per kind.
template <class T>
struct Access {  // views of structures
  static T read(const Shape&, const Value& v, Arena& arena) {
    return v.type == ValueType::structure ? T(v.items, arena) : T();
  }
};
template <>
struct Access<std::string_view> {
  static std::string_view read(const Shape&, const Value& v, Arena&) {
    return v.type == ValueType::text ? v.as_text() : std::string_view();
  }
  static Value write(std::string_view v, Arena& arena) { return Value::of_text(arena.copy(v)); }
};
template <>
struct Access<int64_t> {
  static int64_t read(const Shape&, const Value& v, Arena&) { return v.integer; }
  static Value write(int64_t v, Arena&) { return Value::of_integer(v); }
};
template <>
struct Access<double> {
  static double read(const Shape&, const Value& v, Arena&) { return v.real; }
  static Value write(double v, Arena&) { return Value::of_real(v); }
};
template <>
struct Access<bool> {
  static bool read(const Shape&, const Value& v, Arena&) { return v.boolean; }
  static Value write(bool v, Arena&) { return Value::of_bool(v); }
};
template <>
struct Access<Time> {
  static Time read(const Shape&, const Value& v, Arena&) { return v.as_time(); }
  static Value write(Time v, Arena&) { return Value::of_time(v); }
};

// A borrowed list of T (a view, a scalar, or another List or Map). Empty where absent.
template <class T>
class List {
 public:
  List() = default;
  List(const Shape& shape, Value& node, Arena& arena)
      : shape_(&shape), node_(&node), arena_(&arena) {}

  explicit operator bool() const { return node_ != nullptr; }
  size_t size() const { return node_ != nullptr ? node_->size : 0; }
  bool empty() const { return size() == 0; }
  T operator[](size_t i) const { return Access<T>::read(element(), node_->items[i], *arena_); }

  struct Iterator {
    const List* list;
    size_t i;
    T operator*() const { return (*list)[i]; }
    Iterator& operator++() {
      ++i;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return i != other.i; }
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  // Adds a scalar.
  void append(T value) const
    requires requires(Arena& a) { Access<T>::write(value, a); }
  {
    append_item(*node_, *arena_) = Access<T>::write(value, *arena_);
  }
  // Adds an empty structure, list or map and returns it.
  T append() const
    requires(!requires(T value, Arena& a) { Access<T>::write(value, a); })
  {
    Value& item = append_item(*node_, *arena_);
    item = element().kind == Kind::structure ? make_structure(element(), *arena_)
           : element().kind == Kind::list    ? make_list()
                                             : make_map();
    return Access<T>::read(element(), item, *arena_);
  }
  // Adds `view`'s structure, sharing its slots.
  void share(const View& view) const { append_item(*node_, *arena_) = view.as_value(); }

 private:
  const Shape& element() const { return *shape_->members[0].shape; }
  const Shape* shape_ = nullptr;
  Value* node_ = nullptr;
  Arena* arena_ = nullptr;
};

// A borrowed map from text to T, in the order of insertion. Empty where absent.
template <class T>
class Map {
 public:
  Map() = default;
  Map(const Shape& shape, Value& node, Arena& arena)
      : shape_(&shape), node_(&node), arena_(&arena) {}

  explicit operator bool() const { return node_ != nullptr; }
  size_t size() const { return node_ != nullptr ? node_->size : 0; }
  bool empty() const { return size() == 0; }
  std::string_view key(size_t i) const { return node_->entries[i].key; }
  T value(size_t i) const { return Access<T>::read(item(), node_->entries[i].value, *arena_); }
  bool contains(std::string_view k) const {
    return node_ != nullptr && find_entry(*node_, k) != nullptr;
  }
  T at(std::string_view k) const {
    const Value* v = node_ != nullptr ? find_entry(*node_, k) : nullptr;
    return v != nullptr ? Access<T>::read(item(), const_cast<Value&>(*v), *arena_) : T{};
  }
  void set(std::string_view k, T value) const
    requires requires(Arena& a) { Access<T>::write(value, a); }
  {
    append_entry(*node_, arena_->copy(k), *arena_) = Access<T>::write(value, *arena_);
  }
  T make(std::string_view k) const
    requires(!requires(T value, Arena& a) { Access<T>::write(value, a); })
  {
    Value& v = append_entry(*node_, arena_->copy(k), *arena_);
    v = item().kind == Kind::structure ? make_structure(item(), *arena_)
        : item().kind == Kind::list    ? make_list()
                                       : make_map();
    return Access<T>::read(item(), v, *arena_);
  }

 private:
  const Shape& item() const { return *shape_->members[1].shape; }
  const Shape* shape_ = nullptr;
  Value* node_ = nullptr;
  Arena* arena_ = nullptr;
};

template <class T>
struct Access<List<T>> {
  static List<T> read(const Shape& shape, const Value& v, Arena& arena) {
    return v.type == ValueType::list ? List<T>(shape, const_cast<Value&>(v), arena) : List<T>();
  }
};
template <class T>
struct Access<Map<T>> {
  static Map<T> read(const Shape& shape, const Value& v, Arena& arena) {
    return v.type == ValueType::map ? Map<T>(shape, const_cast<Value&>(v), arena) : Map<T>();
  }
};

}  // namespace millrace::wire
