#include "engines/policy/identities.h"

#include <fmt/format.h>

namespace millrace::policy {
namespace {

// AWS: 16 characters after the prefix for keys, 17 for other ids; upper case and digits.
constexpr size_t kKeyCharacters = 16;
constexpr size_t kIdCharacters = 17;
constexpr size_t kSecretBytes = 30;  // 40 characters of base64.
constexpr size_t kTokenBytes = 192;

std::string secret_of(runtime::Random& random, size_t bytes) {
  Bytes raw(bytes, '\0');
  random.fill(raw.data(), raw.size());
  return to_base64(raw);
}

}  // namespace

Identities::Identities(store::Database& db, runtime::Clock& clock, runtime::Random& random)
    : db_(db), clock_(clock), random_(random) {}

Result<std::optional<Identity>> Identities::find(std::string_view access_key_id) {
  uint64_t changes = 0;
  auto cached = cache_.with([&](Cache& cache) -> std::optional<Identity> {
    changes = cache.changes;
    const auto it = cache.identities.find(access_key_id);
    if (it == cache.identities.end()) return std::nullopt;
    return it->second;
  });
  if (cached) return cached;
  TRY(std::optional<Identity> found, load(access_key_id));
  if (found) {
    cache_.with([&](Cache& cache) {
      if (cache.changes != changes) return;
      if (cache.identities.size() >= kCacheMax) cache.identities.clear();
      cache.identities.insert_or_assign(found->access_key_id, *found);
    });
  }
  return found;
}

void Identities::forget(std::string_view access_key_id) {
  cache_.with([&](Cache& cache) {
    ++cache.changes;
    const auto it = cache.identities.find(access_key_id);
    if (it != cache.identities.end()) cache.identities.erase(it);
  });
}

void Identities::forget_all() {
  cache_.with([](Cache& cache) {
    ++cache.changes;
    cache.identities.clear();
  });
}

Result<std::optional<Identity>> Identities::load(std::string_view access_key_id) {
  const std::string id(access_key_id);
  store::Txn txn = db_.begin();
  TRY(const std::optional<AccessKey> key, txn.find(kAccessKeys, {id}));
  if (!key) return load_session(txn, id);
  if (!key->active) return std::nullopt;
  Identity out{.access_key_id = id, .secret = key->secret, .account = key->account};
  if (key->user.empty()) {
    out.root = true;
    out.arn = fmt::format("arn:aws:iam::{}:root", key->account);
    out.user_id = key->account;
    return out;
  }
  TRY(const std::optional<User> user, txn.find(kUsers, {key->account, key->user}));
  if (!user) return std::nullopt;
  out.arn = fmt::format("arn:aws:iam::{}:user{}{}", user->account, user->path, user->name);
  out.user_id = user->id;
  return out;
}

Result<std::optional<Identity>> Identities::load_session(store::Txn& txn, const std::string& id) {
  TRY(const std::optional<Session> session, txn.find(kSessions, {id}));
  if (!session) return std::nullopt;
  Identity out{.access_key_id = id,
               .secret = session->secret,
               .token = session->token,
               .expires = session->expires,
               .account = session->account,
               .session_policies = session->policies};
  if (!session->role.empty()) {
    TRY(const std::optional<Role> role, txn.find(kRoles, {session->account, session->role}));
    if (!role || role->id != session->role_id) return std::nullopt;
    out.role_arn = fmt::format("arn:aws:iam::{}:role{}{}", role->account, role->path, role->name);
    out.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", session->account, session->role,
                          session->session_name);
    out.user_id = session->role_id + ":" + session->session_name;
    return out;
  }
  if (session->user.empty()) {
    out.root = true;
    out.arn = fmt::format("arn:aws:iam::{}:root", session->account);
    out.user_id = session->account;
    return out;
  }
  TRY(const std::optional<User> user, txn.find(kUsers, {session->account, session->user}));
  if (!user || user->id != session->user_id) return std::nullopt;
  out.arn = fmt::format("arn:aws:iam::{}:user{}{}", user->account, user->path, user->name);
  out.user_id = user->id;
  return out;
}

Task<void> Identities::declare_root(std::string account, std::string id, std::string secret) {
  store::Txn txn = db_.begin();
  CO_TRY(const std::optional<AccessKey> existing, txn.find(kAccessKeys, {id}));
  if (existing && existing->account == account && existing->secret == secret) co_return ok;
  put_key(txn, AccessKey{.id = id,
                         .account = std::move(account),
                         .user = {},
                         .secret = std::move(secret),
                         .active = true,
                         .created = std::chrono::floor<seconds>(clock_.now())});
  CO_TRY(co_await txn.commit());
  forget(id);
  co_return ok;
}

Task<Session> Identities::start_session(SessionRequest request) {
  store::Txn txn = db_.begin();
  Session session{.access_key_id = "ASIA" + random_.alphanumeric(kKeyCharacters),
                  .secret = secret_of(random_, kSecretBytes),
                  .token = secret_of(random_, kTokenBytes),
                  .account = request.account,
                  .user = request.user,
                  .role = request.role,
                  .role_id = {},
                  .session_name = request.session_name,
                  .expires = std::chrono::floor<seconds>(clock_.now()) + request.duration,
                  .user_id = {},
                  .policies = std::move(request.policies)};
  if (!request.role.empty()) {
    CO_TRY(const Role role, txn.get(kRoles, {request.account, request.role}));
    session.role_id = role.id;
  } else if (!request.user.empty()) {
    CO_TRY(const User user, txn.get(kUsers, {request.account, request.user}));
    session.user_id = user.id;
  }
  CO_TRY(sweep_sessions(txn));
  txn.put(kSessions, session);
  txn.put(kSessionExpiries, SessionExpiry{session.expires, session.access_key_id});
  CO_TRY(co_await txn.commit());
  co_return session;
}

// What has ended is found in a transaction of its own: nobody else's new session is a conflict.
Result<void> Identities::sweep_sessions(store::Txn& txn) {
  const Time end = clock_.now() - kExpiredKept;
  store::Txn reading = db_.begin();
  return reading.each(kSessionExpiries, {.limit = kSweptMax}, [&](const SessionExpiry& row) {
    if (row.expires >= end) return false;
    txn.erase(kSessions, {row.access_key_id});
    txn.erase(kSessionExpiries, row.key());
    return true;
  });
}

AccessKey Identities::make_key(std::string account, std::string user) {
  return {.id = "AKIA" + random_.alphanumeric(kKeyCharacters),
          .account = std::move(account),
          .user = std::move(user),
          .secret = secret_of(random_, kSecretBytes),
          .active = true,
          .created = std::chrono::floor<seconds>(clock_.now())};
}

std::string Identities::make_id(std::string_view prefix) {
  return std::string(prefix) + random_.alphanumeric(kIdCharacters);
}

void put_key(store::Txn& txn, const AccessKey& key) {
  txn.put(kAccessKeys, key);
  txn.put(kKeyOwners, KeyOwner{key.account, key.user, key.id});
}

void erase_key(store::Txn& txn, const AccessKey& key) {
  txn.erase(kAccessKeys, {key.id});
  txn.erase(kKeyOwners, {key.account, key.user, key.id});
}

}  // namespace millrace::policy
