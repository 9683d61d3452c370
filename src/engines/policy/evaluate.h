// evaluate(): whether the policies that concern a request let it happen, and if not, which kind of
// policy is why.
//
// An explicit Deny in any of them wins; then there must be an Allow; otherwise the request is
// denied implicitly. Within the account that owns the resource an Allow of the identity's policies
// or of the resource's is enough (but see Policies::resource_rules); across accounts both are
// needed. A permissions boundary and a session policy limit what identity policies allow. Pure; any
// thread; costs no more than the product of the documents' sizes and the longest value
// (statements.h bounds the documents). Source: IAM User Guide, "Policy evaluation logic",
// "Cross-account policy evaluation logic", "Permissions boundaries". See evaluate_test.cc.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engines/policy/context.h"
#include "engines/policy/statements.h"

namespace millrace::policy {

// Who asks.
struct Subject {
  std::string account;         // 12 digits; empty for an anonymous request.
  std::string arn;             // Of the user, the role's session or the account's root.
  std::string role_arn;        // The role of a session.
  std::string user_id;         // AIDA…, AROA…:session; the account for root.
  std::string canonical_user;  // The account's other name, where resources know it by one.
  std::string service;         // sagemaker.amazonaws.com, where a service asks for itself.
  std::vector<std::string> session_policies;  // Documents that limit the session.
  bool root = false;
  bool anonymous() const { return account.empty() && service.empty(); }
};

struct Request {
  Subject subject;
  std::string action;    // s3:GetObject
  std::string resource;  // arn:aws:s3:::bucket/key
  std::string resource_account;
  Context context;
};

// Whom an access list of the resource grants this, as if its policy did: the subject's account, or
// everybody.
enum class ListGrant : uint8_t { none, account, everybody };

using DocumentPtr = std::shared_ptr<const Document>;

// The policies that concern a request. Null and empty mean that there is none.
struct Policies {
  std::vector<DocumentPtr> identity;  // Of the user or role, inline and managed.
  DocumentPtr boundary;
  std::vector<DocumentPtr> session;  // Given when the session was made; each limits it.
  bool has_session = false;
  DocumentPtr resource;
  // Policies of identities count only where the resource's lets their account in.
  bool resource_rules = false;
  ListGrant list = ListGrant::none;
};

enum class PolicyKind : uint8_t { identity, boundary, session, resource };

struct Decision {
  bool allowed = false;
  bool explicit_deny = false;                 // Where not allowed: a Deny matched.
  PolicyKind because = PolicyKind::identity;  // Where not allowed: whose Deny, or whose silence.
};

Decision evaluate(const Policies& policies, const Request& request);

// "User: … is not authorized to perform: … on resource: … because …", as AWS words it; the resource
// `*` is not named.
std::string describe_denial(const Request& request, const Decision& decision);

// Whether a statement's principals include everybody.
bool names_everybody(const Statement& statement);

}  // namespace millrace::policy
