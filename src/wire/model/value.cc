#include "wire/model/value.h"

#include <algorithm>

namespace millrace::wire {
namespace {

constexpr uint32_t kFirstCapacity = 4;

uint32_t capacity(uint32_t size) {
  return size == 0 ? 0 : std::max(kFirstCapacity, std::bit_ceil(size));
}

// Makes room for one more item; capacity follows from the size, so it is not stored.
template <class Item>
void grow(Item*& items, uint32_t size, Arena& arena) {
  if (size < capacity(size)) return;
  Item* const bigger = arena.make_array<Item>(capacity(size + 1));
  std::copy_n(items, size, bigger);
  items = bigger;
}

}  // namespace

Value make_structure(const Shape& shape, Arena& arena) {
  Value out;
  out.type = ValueType::structure;
  out.size = static_cast<uint32_t>(shape.members.size());
  out.items = arena.make_array<Value>(out.size);
  return out;
}

Value make_list() {
  Value out;
  out.type = ValueType::list;
  out.items = nullptr;
  return out;
}

Value make_map() {
  Value out;
  out.type = ValueType::map;
  out.entries = nullptr;
  return out;
}

Value& append_item(Value& list, Arena& arena) {
  ASSERT(list.type == ValueType::list);
  grow(list.items, list.size, arena);
  return list.items[list.size++];
}

Value& append_entry(Value& map, std::string_view key, Arena& arena) {
  ASSERT(map.type == ValueType::map);
  grow(map.entries, map.size, arena);
  MapEntry& entry = map.entries[map.size++];
  entry.key = key;
  return entry.value;
}

const Value* find_entry(const Value& map, std::string_view key) {
  for (uint32_t i = 0; i < map.size; ++i) {
    if (map.entries[i].key == key) return &map.entries[i].value;
  }
  return nullptr;
}

Value View::as_value() const {
  Value out;
  if (slots_ == nullptr) return out;
  out.type = ValueType::structure;
  out.size = static_cast<uint32_t>(shape_->members.size());
  out.items = slots_;
  return out;
}

void View::share_members(const View& from) const {
  if (!from) return;
  for (size_t i = 0; i < shape_->members.size(); ++i) {
    const Member& member = shape_->members[i];
    const int other = find_member(from.shape(), member.name);
    if (other < 0) continue;
    const auto at = static_cast<size_t>(other);
    if (from.shape().members[at].shape == member.shape && from.slot(at).present()) {
      slots_[i] = from.slot(at);
    }
  }
}

Value& View::make(size_t i) const {
  const Shape& shape = *shape_->members[i].shape;
  slots_[i] = shape.kind == Kind::structure ? make_structure(shape, *arena_)
              : shape.kind == Kind::list    ? make_list()
                                            : make_map();
  return slots_[i];
}

}  // namespace millrace::wire
