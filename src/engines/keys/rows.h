// The rows of the key engine. Formats: docs/formats/rows.md, docs/formats/sealed-keys.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "store/database.h"

namespace millrace::keys {

enum class KeyState : uint8_t { enabled = 0, disabled = 1, pending_deletion = 2 };

enum class Maker : uint8_t {
  customer = 0,
  platform = 1,  // Made for a service on its first use; its customers cannot change it.
};

enum class RotationCause : uint8_t { none = 0, schedule = 1, demand = 2 };

// One version of a key's material. What was sealed under it names its number.
struct Material {
  uint32_t number = 0;  // From 1.
  Bytes sealed;         // Under the root key.
  Time made{};
  RotationCause cause = RotationCause::none;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.number), v(2, self.sealed), v(3, self.made), v(4, self.cause);
  }
};

struct MasterKey {
  Realm realm;
  std::string id;  // A UUID, lower case.
  KeyState state = KeyState::enabled;
  Maker maker = Maker::customer;
  std::string description;
  std::string policy;  // The document, as it was given.
  Time created{};
  std::optional<Time> deletion;  // While it waits to be deleted.
  std::map<std::string, std::string> tags;
  std::vector<Material> materials;  // By number; the last one seals.
  std::optional<std::chrono::days> rotation_period;
  std::optional<Time> next_rotation;  // While it rotates.

  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.id), v(3, self.state), v(4, self.maker), v(5, self.description);
    v(6, self.policy), v(7, self.created), v(8, self.deletion), v(9, self.tags);
    v(10, self.materials), v(11, self.rotation_period), v(12, self.next_rotation);
  }
};
inline constexpr store::Table<MasterKey> kMasterKeys{"keys.master_keys"};

// Another name of a key.
struct Alias {
  Realm realm;
  std::string name;
  std::string target;  // The key's id.
  Time created{};
  Time updated{};

  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.name), v(3, self.target), v(4, self.created), v(5, self.updated);
  }
};
inline constexpr store::Table<Alias> kAliases{"keys.aliases"};

// Index: the aliases of a key.
struct AliasOfKey {
  Realm realm;
  std::string target, name;

  using Key = std::tuple<Realm, std::string, std::string>;
  Key key() const { return {realm, target, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.target), v(3, self.name);
  }
};
inline constexpr store::Table<AliasOfKey> kAliasesOfKeys{"keys.aliases_of_keys"};

// Which root key everything here is sealed under. One row.
struct RootMark {
  std::string name;
  Bytes fingerprint;

  using Key = std::tuple<std::string>;
  Key key() const { return {name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.name), v(2, self.fingerprint);
  }
};
inline constexpr store::Table<RootMark> kRootMarks{"keys.root_marks"};

// Both change with the alias, in its transaction.
void put_alias(store::Txn& txn, const Alias& alias);
void erase_alias(store::Txn& txn, const Alias& alias);

}  // namespace millrace::keys
