// The rows of the policy engine. Formats: docs/formats/rows.md.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/time.h"
#include "store/database.h"

namespace millrace::policy {

using Tags = std::map<std::string, std::string>;

struct User {
  std::string account, name, id, path;
  Time created{};
  Tags tags;
  std::string permissions_boundary;

  using Key = std::tuple<std::string, std::string>;
  Key key() const { return {account, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.name), v(3, self.id), v(4, self.path), v(5, self.created);
    v(6, self.tags), v(7, self.permissions_boundary);
  }
};
inline constexpr store::Table<User> kUsers{"policy.users"};

// A long-term key. The root key of an account has an empty user.
struct AccessKey {
  std::string id, account, user, secret;
  bool active = true;
  Time created{};

  using Key = std::tuple<std::string>;
  Key key() const { return {id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.id), v(2, self.account), v(3, self.user), v(4, self.secret), v(5, self.active);
    v(6, self.created);
  }
};
inline constexpr store::Table<AccessKey> kAccessKeys{"policy.access_keys"};

// Index: the keys of a user (of root, where `user` is empty).
struct KeyOwner {
  std::string account, user, id;

  using Key = std::tuple<std::string, std::string, std::string>;
  Key key() const { return {account, user, id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.user), v(3, self.id);
  }
};
inline constexpr store::Table<KeyOwner> kKeyOwners{"policy.key_owners"};

struct Role {
  std::string account, name, id, path, trust_policy, description;
  int64_t max_session_seconds = 3600;
  Time created{};
  Tags tags;
  std::string permissions_boundary;

  using Key = std::tuple<std::string, std::string>;
  Key key() const { return {account, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.name), v(3, self.id), v(4, self.path), v(5, self.trust_policy);
    v(6, self.description), v(7, self.max_session_seconds), v(8, self.created), v(9, self.tags);
    v(10, self.permissions_boundary);
  }
};
inline constexpr store::Table<Role> kRoles{"policy.roles"};

// Temporary credentials: of an assumed role (role is its name) or of a user (GetSessionToken).
struct Session {
  std::string access_key_id, secret, token, account;
  std::string user;           // Empty for a role's session, and for root.
  std::string role, role_id;  // Empty for a user's session.
  std::string session_name;
  Time expires{};
  std::string user_id;  // Of a user's session: a user made anew under the name is another one.
  // Documents that limit the session, given when it was made. None: nothing does.
  std::vector<std::string> policies = {};

  using Key = std::tuple<std::string>;
  Key key() const { return {access_key_id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.access_key_id), v(2, self.secret), v(3, self.token), v(4, self.account);
    v(5, self.user), v(6, self.role), v(7, self.role_id), v(8, self.session_name);
    v(9, self.expires), v(10, self.user_id), v(11, self.policies);
  }
};
inline constexpr store::Table<Session> kSessions{"policy.sessions"};

// Index: sessions in the order in which they end.
struct SessionExpiry {
  Time expires{};
  std::string access_key_id;

  using Key = std::tuple<Time, std::string>;
  Key key() const { return {expires, access_key_id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.expires), v(2, self.access_key_id);
  }
};
inline constexpr store::Table<SessionExpiry> kSessionExpiries{"policy.session_expiries"};

// A name that is taken, whatever its case. `noun` is user, role or policy.
struct NameClaim {
  std::string account, noun, folded, name;

  using Key = std::tuple<std::string, std::string, std::string>;
  Key key() const { return {account, noun, folded}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.noun), v(3, self.folded), v(4, self.name);
  }
};
inline constexpr store::Table<NameClaim> kNameClaims{"policy.name_claims"};

// A managed policy of an account. AWS's own are in aws_managed.h.
struct ManagedPolicy {
  std::string account, name, id, path, description;
  int64_t default_version = 1;
  int64_t last_version = 1;  // Numbers are never used again.
  Time created{};
  Time updated{};
  Tags tags;

  using Key = std::tuple<std::string, std::string>;
  Key key() const { return {account, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.name), v(3, self.id), v(4, self.path), v(5, self.description);
    v(6, self.default_version), v(7, self.last_version), v(8, self.created), v(9, self.updated);
    v(10, self.tags);
  }
};
inline constexpr store::Table<ManagedPolicy> kManagedPolicies{"policy.managed_policies"};

struct PolicyVersion {
  std::string account, name;
  int64_t number = 1;
  std::string document;
  Time created{};

  using Key = std::tuple<std::string, std::string, int64_t>;
  Key key() const { return {account, name, number}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.name), v(3, self.number), v(4, self.document);
    v(5, self.created);
  }
};
inline constexpr store::Table<PolicyVersion> kPolicyVersions{"policy.policy_versions"};

// A policy that is part of its holder. `kind` is user or role, `holder` its name.
struct InlinePolicy {
  std::string account, kind, holder, name, document;

  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  Key key() const { return {account, kind, holder, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.kind), v(3, self.holder), v(4, self.name);
    v(5, self.document);
  }
};
inline constexpr store::Table<InlinePolicy> kInlinePolicies{"policy.inline_policies"};

// A managed policy that a holder has. `policy_owner` is an account, or aws.
struct Attachment {
  std::string account, kind, holder, policy_name, policy_owner, policy_arn;

  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  Key key() const { return {account, kind, holder, policy_name, policy_owner}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.kind), v(3, self.holder), v(4, self.policy_name);
    v(5, self.policy_owner), v(6, self.policy_arn);
  }
};
inline constexpr store::Table<Attachment> kAttachments{"policy.attachments"};

// Index: who uses a managed policy. `kind` is user or role, or user_boundary or role_boundary
// where it bounds permissions.
struct PolicyUse {
  std::string account, policy_owner, policy_name, kind, holder;

  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  Key key() const { return {account, policy_owner, policy_name, kind, holder}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.account), v(2, self.policy_owner), v(3, self.policy_name), v(4, self.kind);
    v(5, self.holder);
  }
};
inline constexpr store::Table<PolicyUse> kPolicyUses{"policy.policy_uses"};

}  // namespace millrace::policy
