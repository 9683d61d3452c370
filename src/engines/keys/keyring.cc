#include "engines/keys/keyring.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "engines/keys/grants.h"
#include "engines/keys/limits.h"

namespace millrace::keys {
namespace {

constexpr std::string_view kDeletion = "keys.deletion";
constexpr std::string_view kRotation = "keys.rotation";
constexpr std::string_view kMaterialPurpose = "material";
constexpr int kCommitAttempts = 64;

// A material opens only as the version of the key that it was made for.
Bytes bound_to(const MasterKey& key, uint32_t number) {
  return store::key_prefix(key.realm, key.id, uint64_t{number});
}

// Ciphertexts do not share a key: each has its own, of the material and a random salt. So there is
// no nonce to repeat, however many a master key seals.
Secret key_of(const Secret& material, BytesView salt) {
  return Secret(hmac_sha256(material.view(), Bytes("millrace envelope 1") + Bytes(salt)));
}

const Bytes& zero_nonce() {
  static const Bytes kZero(Cipher::kNonceBytes, '\0');
  return kZero;
}

std::string timer_id(const MasterKey& key) { return store::encode_key(key.key()); }

Result<void> set_timer(store::Txn& txn, std::string_view kind, const MasterKey& key,
                       const std::optional<Time>& when) {
  const std::string id = timer_id(key);
  if (!when) return store::Timers::cancel(txn, std::string(kind), id);
  return store::Timers::set(txn, {std::string(kind), id, *when, {}, 0});
}

Result<std::optional<MasterKey>> key_of_timer(store::Txn& txn, const store::Timer& timer) {
  TRY(const MasterKey::Key key, store::decode_key<MasterKey::Key>(timer.id));
  return txn.find(kMasterKeys, key);
}

}  // namespace

void put_alias(store::Txn& txn, const Alias& alias) {
  txn.put(kAliases, alias);
  txn.put(kAliasesOfKeys, AliasOfKey{alias.realm, alias.target, alias.name});
}

void erase_alias(store::Txn& txn, const Alias& alias) {
  txn.erase(kAliases, alias.key());
  txn.erase(kAliasesOfKeys, {alias.realm, alias.target, alias.name});
}

Keyring::Keyring(store::Database& db, runtime::Clock& clock, runtime::Random& random, RootKey root)
    : db_(db), clock_(clock), random_(random), root_(std::move(root)) {}

MasterKey Keyring::make_key(const Realm& realm) const {
  MasterKey key;
  key.realm = realm;
  key.id = random_.uuid();
  key.created = clock_.now();
  ASSERT(rotate(key, RotationCause::none).has_value());
  return key;
}

Result<void> Keyring::rotate(MasterKey& key, RotationCause cause) const {
  if (key.materials.size() >= kMaterialsMax) {
    return fail(ErrorKind::exhausted, "the key has been rotated too often");
  }
  const uint32_t number = key.materials.empty() ? 1 : key.materials.back().number + 1;
  Secret made;
  random_.fill(made.resize(Cipher::kKeyBytes), Cipher::kKeyBytes);
  key.materials.push_back(
      {number, root_.seal(random_, kMaterialPurpose, bound_to(key, number), made.view()),
       clock_.now(), cause});
  return {};
}

Result<Secret> Keyring::material(const MasterKey& key, uint32_t number) const {
  const auto found = std::ranges::find(key.materials, number, &Material::number);
  if (found == key.materials.end()) {
    return fail(ErrorKind::invalid, fmt::format("key {} has no material {}", key.id, number));
  }
  Result<Secret> opened = root_.open(kMaterialPurpose, bound_to(key, number), found->sealed);
  if (opened && opened->size() == Cipher::kKeyBytes) return opened;
  return fail(ErrorKind::internal, fmt::format("material {} of key {} is damaged", number, key.id));
}

Result<Bytes> Keyring::seal(const MasterKey& key, BytesView plain, const Context& context) const {
  if (plain.size() > kPlaintextBytesMax) return fail(ErrorKind::invalid, "too long to be sealed");
  if (key.materials.empty()) return fail(ErrorKind::internal, "the key has no material");
  const uint32_t number = key.materials.back().number;
  TRY(const Secret secret, material(key, number));
  Bytes salt(kSaltBytes, '\0');
  random_.fill(salt.data(), salt.size());
  Bytes out = ciphertext_header(key.id, number, salt);
  const Bytes bound = keys::bound_to(key.realm, out, context);
  const size_t header = out.size();
  out.resize(header + plain.size() + Cipher::kTagBytes);
  Cipher cipher(key_of(secret, salt).view());
  cipher.seal(zero_nonce(), bound, plain, out.data() + header);
  return out;
}

Result<Secret> Keyring::open(const MasterKey& key, const Ciphertext& ciphertext,
                             const Context& context) const {
  ASSERT(ciphertext.key_id == key.id);
  TRY(const Secret secret, material(key, ciphertext.material));
  Secret out;
  char* const to = out.resize(ciphertext.sealed.size() - Cipher::kTagBytes);
  Cipher cipher(key_of(secret, ciphertext.salt).view());
  const Bytes bound = keys::bound_to(key.realm, ciphertext.header, context);
  if (!cipher.open(zero_nonce(), bound, ciphertext.sealed, to)) {
    return fail(ErrorKind::invalid, "the ciphertext is not of this key and context");
  }
  return out;
}

Result<std::optional<MasterKey>> Keyring::find(const Realm& realm, std::string_view name) const {
  store::Txn txn = db_.begin();
  std::string id(name);
  if (!is_key_id(name)) {
    TRY(const std::optional<Alias> alias, txn.find(kAliases, {realm, id}));
    if (!alias) return std::optional<MasterKey>();
    id = alias->target;
  }
  return txn.find(kMasterKeys, {realm, id});
}

Task<MasterKey> Keyring::platform_key(Realm realm, std::string alias, std::string description,
                                      std::string policy) const {
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    store::Txn txn = db_.begin();
    CO_TRY(const std::optional<Alias> found, txn.find(kAliases, {realm, alias}));
    if (found) co_return txn.get(kMasterKeys, {realm, found->target});
    MasterKey key = make_key(realm);
    key.maker = Maker::platform;
    key.description = description;
    key.policy = policy;
    key.rotation_period = kRotationPeriodDefault;
    key.next_rotation = key.created + kRotationPeriodDefault;
    CO_TRY(put(txn, key));
    put_alias(txn, {realm, alias, key.id, key.created, key.created});
    const Result<void> done = co_await txn.commit();
    if (done) co_return key;
    if (done.error().kind != ErrorKind::conflict) co_return fail(done.error());
  }
  co_return fail(ErrorKind::conflict, "the platform's key is made by too many at once");
}

Result<void> Keyring::put(store::Txn& txn, const MasterKey& key) {
  txn.put(kMasterKeys, key);
  TRY(set_timer(txn, kDeletion, key, key.deletion));
  return set_timer(txn, kRotation, key, key.next_rotation);
}

void Keyring::subscribe(store::Timers& timers) {
  timers.on(std::string(kDeletion),
            [this](store::Timer timer) { return delete_key(std::move(timer)); });
  timers.on(std::string(kRotation),
            [this](store::Timer timer) { return rotate_key(std::move(timer)); });
}

// With the materials goes everything that they sealed.
Task<void> Keyring::delete_key(store::Timer timer) const {
  store::Txn txn = db_.begin();
  CO_TRY(const std::optional<MasterKey> key, key_of_timer(txn, timer));
  CO_TRY(store::Timers::finish(txn, timer));
  if (key && key->deletion && *key->deletion <= timer.run_at) {
    const store::Range aliases{.prefix = store::key_prefix(key->realm, key->id)};
    CO_TRY(txn.each(kAliasesOfKeys, aliases, [&txn](const AliasOfKey& row) {
      txn.erase(kAliases, {row.realm, row.name});
      txn.erase(kAliasesOfKeys, row.key());
      return true;
    }));
    CO_TRY(erase_grants(txn, *key));
    CO_TRY(set_timer(txn, kRotation, *key, {}));
    txn.erase(kMasterKeys, key->key());
  }
  co_return co_await txn.commit();
}

// A disabled key is not rotated and stays in time: its next rotation comes when it is due.
Task<void> Keyring::rotate_key(store::Timer timer) const {
  store::Txn txn = db_.begin();
  CO_TRY(std::optional<MasterKey> key, key_of_timer(txn, timer));
  CO_TRY(store::Timers::finish(txn, timer));
  if (key && key->rotation_period && key->next_rotation && *key->next_rotation <= timer.run_at) {
    if (key->state == KeyState::enabled) CO_TRY(rotate(*key, RotationCause::schedule));
    key->next_rotation = std::max(timer.run_at, clock_.now()) + *key->rotation_period;
    CO_TRY(put(txn, *key));
  }
  co_return co_await txn.commit();
}

}  // namespace millrace::keys
