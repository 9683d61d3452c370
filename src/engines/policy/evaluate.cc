#include "engines/policy/evaluate.h"

#include <fmt/format.h>

#include <algorithm>

#include "engines/policy/conditions.h"
#include "engines/policy/pattern.h"

namespace millrace::policy {
namespace {

// How closely a resource's policy names the subject. AWS: naming an account leaves it to that
// account to say who of its own may; naming a session is not limited by other policies of its role.
enum class Naming : uint8_t { none, account, everybody, role, self };

std::string root_of(std::string_view account) {
  return fmt::format("arn:aws:iam::{}:root", account);
}

Naming naming_of(const PrincipalName& principal, const Subject& subject) {
  if (principal.type == "AWS" || principal.type == "*") {
    if (principal.name == "*") return Naming::everybody;
    if (subject.account.empty()) return Naming::none;
    if (principal.name == subject.account || principal.name == root_of(subject.account)) {
      return subject.root ? Naming::self : Naming::account;
    }
    if (principal.name == subject.arn || principal.name == subject.user_id) return Naming::self;
    if (!subject.role_arn.empty() && principal.name == subject.role_arn) return Naming::role;
    // The unique id of a role is the part of its sessions' before the colon.
    const std::string_view id =
        std::string_view(subject.user_id).substr(0, subject.user_id.find(':'));
    return principal.name == id ? Naming::role : Naming::none;
  }
  if (principal.type == "CanonicalUser") {
    const bool same = !subject.canonical_user.empty() && principal.name == subject.canonical_user;
    return same ? (subject.root ? Naming::self : Naming::account) : Naming::none;
  }
  if (principal.type == "Service") {
    const bool same = !subject.service.empty() && principal.name == subject.service;
    return same ? Naming::self : Naming::none;
  }
  return Naming::none;
}

Naming naming_of(const Statement& statement, const Subject& subject) {
  Naming closest = Naming::none;
  for (const PrincipalName& principal : statement.principals) {
    closest = std::max(closest, naming_of(principal, subject));
  }
  if (!statement.except_principals) return closest;
  return closest == Naming::none ? Naming::everybody : Naming::none;
}

bool action_fits(const Statement& statement, const Request& request) {
  const bool named = std::ranges::any_of(statement.actions, [&](const std::string& action) {
    return matches_folded(action, request.action);
  });
  return named != statement.except_actions;
}

bool resource_fits(const Statement& statement, const Request& request, bool variables) {
  if (!statement.has_resources) return true;
  const bool named = std::ranges::any_of(statement.resources, [&](const std::string& resource) {
    const auto pattern = make_pattern(resource, request.context, {.variables = variables});
    return pattern && matches(*pattern, request.resource);
  });
  return named != statement.except_resources;
}

bool applies(const Statement& statement, const Request& request, bool variables) {
  return action_fits(statement, request) && resource_fits(statement, request, variables) &&
         std::ranges::all_of(statement.conditions, [&](const Condition& condition) {
           return holds(condition, request.context, variables);
         });
}

struct Verdict {
  bool allow = false;
  bool deny = false;
  Naming naming = Naming::none;  // Of the closest Allow, in a resource's policy.
};

Verdict judge(const Document& document, const Request& request) {
  Verdict out;
  for (const Statement& statement : document.statements) {
    if (!applies(statement, request, document.variables)) continue;
    (statement.allow ? out.allow : out.deny) = true;
  }
  return out;
}

Verdict judge_resource(const Document& document, const Request& request) {
  Verdict out;
  for (const Statement& statement : document.statements) {
    const Naming naming = naming_of(statement, request.subject);
    if (naming == Naming::none || !applies(statement, request, document.variables)) continue;
    if (!statement.allow) out.deny = true;
    if (!statement.allow) continue;
    out.allow = true;
    out.naming = std::max(out.naming, naming);
  }
  return out;
}

Decision denied(PolicyKind because, bool by_deny) { return {false, by_deny, because}; }

// What the subject's own policies say, and which of them is silent.
struct Own {
  Verdict identity, boundary, session;
};

Own judge_own(const Policies& policies, const Request& request) {
  Own own;
  own.identity.allow = request.subject.root || !request.subject.service.empty();
  for (const DocumentPtr& document : policies.identity) {
    const Verdict one = judge(*document, request);
    own.identity.allow |= one.allow;
    own.identity.deny |= one.deny;
  }
  own.boundary.allow = true;
  if (policies.boundary) own.boundary = judge(*policies.boundary, request);
  own.session.allow = !policies.has_session;
  for (const DocumentPtr& document : policies.session) {
    const Verdict one = judge(*document, request);
    own.session.allow |= one.allow;
    own.session.deny |= one.deny;
  }
  return own;
}

Decision decide_own(const Own& own) {
  if (!own.identity.allow) return denied(PolicyKind::identity, false);
  if (!own.boundary.allow) return denied(PolicyKind::boundary, false);
  if (!own.session.allow) return denied(PolicyKind::session, false);
  return {.allowed = true};
}

// Whether the resource's Allow stands alone, within the resource's account.
bool suffices(const Verdict& resource, const Own& own, const Subject& subject) {
  if (!resource.allow) return false;
  const bool is_session = !subject.role_arn.empty();
  switch (resource.naming) {
    case Naming::self:
      return true;
    case Naming::everybody:
    case Naming::role:
      return !is_session || (own.boundary.allow && own.session.allow);
    case Naming::account:
    case Naming::none:
      return false;
  }
  return false;
}

}  // namespace

Decision evaluate(const Policies& policies, const Request& request) {
  const Subject& subject = request.subject;
  const Own own = judge_own(policies, request);
  Verdict resource;
  if (policies.resource) resource = judge_resource(*policies.resource, request);
  if (own.identity.deny) return denied(PolicyKind::identity, true);
  if (resource.deny) return denied(PolicyKind::resource, true);
  if (own.boundary.deny) return denied(PolicyKind::boundary, true);
  if (own.session.deny) return denied(PolicyKind::session, true);
  if (policies.list != ListGrant::none) {
    resource.allow = true;
    const bool all = policies.list == ListGrant::everybody;
    resource.naming = std::max(resource.naming, all ? Naming::everybody : Naming::account);
  }
  if (subject.anonymous()) {
    return resource.allow ? Decision{.allowed = true} : denied(PolicyKind::resource, false);
  }
  const bool same_account = !subject.account.empty() && subject.account == request.resource_account;
  if (same_account) {
    if (suffices(resource, own, subject)) return {.allowed = true};
    if (policies.resource_rules && !resource.allow) return denied(PolicyKind::resource, false);
    return decide_own(own);
  }
  const Decision mine = decide_own(own);
  if (!mine.allowed) return mine;
  return resource.allow ? mine : denied(PolicyKind::resource, false);
}

std::string describe_denial(const Request& request, const Decision& decision) {
  struct Words {
    std::string_view article, name;
  };
  const Words words =
      decision.because == PolicyKind::identity   ? Words{"an", "identity-based policy"}
      : decision.because == PolicyKind::boundary ? Words{"a", "permissions boundary"}
      : decision.because == PolicyKind::session  ? Words{"a", "session policy"}
                                                 : Words{"a", "resource-based policy"};
  const std::string why =
      decision.explicit_deny
          ? fmt::format("with an explicit deny in {} {}", words.article, words.name)
          : fmt::format("because no {} allows the {} action", words.name, request.action);
  const std::string where =
      request.resource == "*" ? "" : fmt::format(" on resource: \"{}\"", request.resource);
  return fmt::format("User: {} is not authorized to perform: {}{} {}", request.subject.arn,
                     request.action, where, why);
}

bool names_everybody(const Statement& statement) {
  if (!statement.has_principals) return false;
  if (statement.except_principals) return true;
  return std::ranges::any_of(statement.principals, [](const PrincipalName& p) {
    return p.name == "*" && (p.type == "AWS" || p.type == "*");
  });
}

}  // namespace millrace::policy
