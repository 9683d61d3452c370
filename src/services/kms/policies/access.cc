#include "services/kms/policies/access.h"

#include <fmt/format.h>

#include <algorithm>

#include "engines/policy/key_policies.h"
#include "services/kms/aliases/aliases.h"
#include "services/kms/crypto/encryption.h"
#include "services/kms/grants/grants.h"

namespace millrace::kms {
namespace {

constexpr std::string_view kAnything = "*";

// What is asked, beyond who asks.
struct Question {
  std::string_view action;               // Decrypt
  std::string_view named = {};           // The key, as the request names it.
  const keys::MasterKey* key = nullptr;  // Null: of no key, but of `resource`.
  std::string resource = std::string(kAnything);
  const keys::Context* context = nullptr;  // What is to be authenticated.
  const wire::Operation* operation = nullptr;
  wire::Value input = {};
};

const wire::Value* member(const wire::Operation& operation, const wire::Value& input,
                          std::string_view name) {
  if (operation.input == nullptr || !input.present()) return nullptr;
  for (size_t i = 0; i < operation.input->members.size(); ++i) {
    if (operation.input->members[i].name == name) {
      return input.items[i].present() ? &input.items[i] : nullptr;
    }
  }
  return nullptr;
}

std::string_view text(const wire::Operation& operation, const wire::Value& input,
                      std::string_view name) {
  const wire::Value* const found = member(operation, input, name);
  const bool is_text = found != nullptr && found->type == wire::ValueType::text;
  return is_text ? found->as_text() : std::string_view();
}

void add_request(policy::Context& context, const Kms& kms, const wire::Call& call) {
  const Time now = kms.clock.now();
  context.set("aws:CurrentTime", to_iso8601(now));
  context.set("aws:EpochTime",
              std::to_string(std::chrono::floor<seconds>(now).time_since_epoch().count()));
  context.set("aws:SecureTransport", "false");
  context.set("aws:RequestedRegion", call.realm.region);
  context.set("kms:CallerAccount", call.principal.account);
  if (call.http == nullptr) return;
  std::string address(call.http->remote.substr(0, call.http->remote.rfind(':')));
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  context.set("aws:SourceIp", std::move(address));
  if (const auto agent = call.http->headers.find("user-agent")) {
    context.set("aws:UserAgent", std::string(*agent));
  }
}

Result<void> add_key(policy::Context& context, const Kms& kms, const Question& question) {
  const keys::MasterKey& key = *question.key;
  context.set("aws:ResourceAccount", key.realm.account);
  context.set("kms:KeySpec", "SYMMETRIC_DEFAULT");
  context.set("kms:KeyUsage", "ENCRYPT_DECRYPT");
  context.set("kms:KeyOrigin", "AWS_KMS");
  context.set("kms:MultiRegion", "false");
  for (const auto& [name, value] : key.tags) context.set("aws:ResourceTag/" + name, value);
  const Arn arn = parse_arn(question.named);
  const std::string_view resource = arn.valid() ? std::string_view(arn.resource) : question.named;
  if (resource.starts_with("alias/")) context.set("kms:RequestAlias", std::string(resource));
  store::Txn txn = kms.db.begin();
  const store::Range of_key{.prefix = store::key_prefix(key.realm, key.id)};
  return txn.each(keys::kAliasesOfKeys, of_key, [&context](const keys::AliasOfKey& row) {
    context.add("kms:ResourceAliases", row.name);
    return true;
  });
}

// Tags that the request gives, and what protects against deletion and lock-outs.
void add_input(policy::Context& context, wire::Call& call, const Question& question) {
  const auto add_tags = [&context](const wire::List<api::Tag>& tags) {
    for (const api::Tag tag : tags) {
      context.set(fmt::format("aws:RequestTag/{}", tag.tag_key()), std::string(tag.tag_value()));
      context.add("aws:TagKeys", std::string(tag.tag_key()));
    }
  };
  const wire::Value& input = question.input;
  if (question.operation == nullptr || !input.present()) return;
  const std::string_view name = question.operation->name;
  if (name == "CreateKey") add_tags(CreateKeyRequest(input.items, call.arena).tags());
  if (name == "TagResource") add_tags(TagResourceRequest(input.items, call.arena).tags());
  if (name == "UntagResource") {
    for (const std::string_view key : UntagResourceRequest(input.items, call.arena).tag_keys()) {
      context.add("aws:TagKeys", std::string(key));
    }
  }
  if (name == "CreateGrant") {
    const CreateGrantRequest in(input.items, call.arena);
    context.set("kms:GranteePrincipal", std::string(in.grantee_principal()));
    if (in.has_retiring_principal()) {
      context.set("kms:RetiringPrincipal", std::string(in.retiring_principal()));
    }
    for (const std::string_view operation : in.operations()) {
      context.add("kms:GrantOperations", std::string(operation));
    }
    if (in.constraints().has_encryption_context_equals()) {
      context.set("kms:GrantConstraintType", "EncryptionContextEquals");
    } else if (in.constraints().has_encryption_context_subset()) {
      context.set("kms:GrantConstraintType", "EncryptionContextSubset");
    }
    context.set("kms:GrantIsForAWSResource", "false");
  }
  if (name == "ScheduleKeyDeletion") {
    const ScheduleKeyDeletionRequest in(input.items, call.arena);
    context.set("kms:ScheduleKeyDeletionPendingWindowInDays",
                std::to_string(in.pending_window_in_days(kPendingDaysDefault)));
  }
  const wire::Value* const bypass =
      member(*question.operation, input, "BypassPolicyLockoutSafetyCheck");
  const bool bypassed =
      bypass != nullptr && bypass->type == wire::ValueType::boolean && bypass->boolean;
  context.set("kms:BypassPolicyLockoutSafetyCheck", bypassed ? "true" : "false");
}

struct Judged {
  policy::Request request;
  policy::Decision decision;
};

Result<Judged> judge(const Kms& kms, wire::Call& call, const Question& question) {
  const wire::Principal& principal = call.principal;
  policy::Subject subject{.account = principal.account,
                          .arn = principal.arn,
                          .user_id = principal.user_id,
                          .root = principal.root};
  if (!subject.root) TRY(kms.permissions.complete(subject, principal.access_key_id));
  Judged out{.request = {.subject = std::move(subject),
                         .action = fmt::format("kms:{}", question.action),
                         .resource = question.resource,
                         .resource_account = principal.account}};
  policy::Request& request = out.request;
  TRY(policy::Policies policies, kms.permissions.of(request.subject));
  add_request(request.context, kms, call);
  if (question.key != nullptr) {
    request.resource = arn_of(*question.key);
    request.resource_account = question.key->realm.account;
    TRY(policies.resource, kms.permissions.parsed(policy_of(*question.key)));
    policies.resource_rules = true;
    TRY(add_key(request.context, kms, question));
  }
  if (question.context != nullptr) {
    for (const auto& [name, value] : *question.context) {
      request.context.set("kms:EncryptionContext:" + name, value);
      request.context.add("kms:EncryptionContextKeys", name);
    }
  }
  add_input(request.context, call, question);
  TRY(kms.permissions.describe(request.subject, request.context));
  out.decision = policy::evaluate(policies, request);
  return out;
}

// AWS: a grant allows what no policy denies. See create_grant.test.
Result<bool> is_granted(const Kms& kms, wire::Call& call, const Question& question,
                        const policy::Subject& subject) {
  if (question.key == nullptr) return false;
  keys::Use use{.principal = subject.arn,
                .role = subject.role_arn,
                .operation = question.action,
                .context = question.context};
  std::optional<keys::Grant> child;
  if (question.action == "CreateGrant") {
    const auto wanted =
        wanted_grant(call, *question.key, CreateGrantRequest(question.input.items, call.arena));
    if (!wanted) return false;
    child = *wanted;
    use.child = &*child;
  }
  store::Txn txn = kms.db.begin();
  return keys::is_granted(txn, *question.key, use);
}

// AWS: a denial names the resource without quotes here. See access.test.
Result<void> decide(const Kms& kms, wire::Call& call, const Question& question) {
  if (question.key == nullptr && call.principal.root) return {};
  TRY(const Judged judged, judge(kms, call, question));
  if (judged.decision.allowed) return {};
  if (!judged.decision.explicit_deny) {
    TRY(const bool granted, is_granted(kms, call, question, judged.request.subject));
    if (granted) return {};
  }
  std::string message = policy::describe_denial(judged.request, judged.decision);
  std::erase(message, '"');
  return fail(Error{ErrorKind::denied, std::move(message), "AccessDeniedException", 400});
}

// AWS: a key of another account that is not there is denied like one that lets nobody in.
Error denied_elsewhere(const wire::Call& call, const Question& question) {
  return {ErrorKind::denied,
          fmt::format("User: {} is not authorized to perform: kms:{} on resource: {} because the "
                      "resource does not exist in this Region, no resource-based policies allow "
                      "access, or a resource-based policy explicitly denies access",
                      call.principal.arn, question.action, question.named),
          "AccessDeniedException", 400};
}

using Find = Result<keys::MasterKey> (*)(store::Txn& txn, const Realm& realm,
                                         std::string_view name);

// Of the key that a request names; one that is not there is its operation's business.
Result<void> decide_named(const Kms& kms, wire::Call& call, Question question,
                          Find find = &find_key) {
  store::Txn txn = kms.db.begin();
  const Result<keys::MasterKey> key = find(txn, call.realm, question.named);
  if (key) {
    question.key = &*key;
    return decide(kms, call, question);
  }
  if (key.error().kind == ErrorKind::internal) return fail(key.error());
  const Arn arn = parse_arn(question.named);
  const bool elsewhere = arn.valid() && arn.region == call.realm.region &&
                         arn.account != call.realm.account && find == &find_key;
  if (elsewhere) return fail(denied_elsewhere(call, question));
  return {};
}

// Of the key that sealed a ciphertext, or of the one that the request says did.
Result<void> decide_sealed(const Kms& kms, wire::Call& call, Question question, BytesView blob) {
  if (!question.named.empty()) return decide_named(kms, call, question);
  const auto ciphertext = keys::parse_ciphertext(blob);
  if (!ciphertext) return {};
  question.named = ciphertext->key_id;
  return decide_named(kms, call, question);
}

Result<void> decide_alias(const Kms& kms, wire::Call& call, const Question& question) {
  const std::string_view alias = text(*question.operation, question.input, "AliasName");
  if (!check_alias_name(alias)) return {};  // Its operation says so.
  Question of_alias = question;
  of_alias.resource = alias_arn(call.realm, alias);
  TRY(decide(kms, call, of_alias));
  Question of_key = question;
  if (question.action != "CreateAlias") {
    of_key.named = alias;
    TRY(decide_named(kms, call, of_key));
  }
  of_key.named = text(*question.operation, question.input, "TargetKeyId");
  if (of_key.named.empty()) return {};
  return decide_named(kms, call, of_key);
}

template <class In>
Result<void> decide_use(const Kms& kms, wire::Call& call, Question question) {
  const In in(question.input.items, call.arena);
  TRY(const keys::Context context, context_of(in.encryption_context()));
  question.context = &context;
  if constexpr (requires { in.ciphertext_blob(); }) {
    return decide_sealed(kms, call, question, in.ciphertext_blob());
  } else {
    return decide_named(kms, call, question);
  }
}

Result<void> decide_re_encrypt(const Kms& kms, wire::Call& call, Question question) {
  const ReEncryptRequest in(question.input.items, call.arena);
  TRY(const keys::Context from, context_of(in.source_encryption_context()));
  TRY(const keys::Context to, context_of(in.destination_encryption_context()));
  question.action = "ReEncryptFrom";
  question.named = in.source_key_id();
  question.context = &from;
  TRY(decide_sealed(kms, call, question, in.ciphertext_blob()));
  question.action = "ReEncryptTo";
  question.named = in.destination_key_id();
  question.context = &to;
  return decide_named(kms, call, question);
}

// AWS: the principal that a grant names for it may end it, and its grantee where it may
// RetireGrant; others by the policies. See retire_grant.test.
Result<void> decide_retirement(const Kms& kms, wire::Call& call, Question question) {
  const RetireGrantRequest in(question.input.items, call.arena);
  store::Txn txn = kms.db.begin();
  const Result<keys::Grant> grant = find_retired(txn, call, in);
  if (!grant) return {};  // Its operation says so.
  policy::Subject subject{.account = call.principal.account,
                          .arn = call.principal.arn,
                          .user_id = call.principal.user_id,
                          .root = call.principal.root};
  if (!subject.root) TRY(kms.permissions.complete(subject, call.principal.access_key_id));
  const bool named = grant->retiring == subject.arn ||
                     (!subject.role_arn.empty() && grant->retiring == subject.role_arn);
  if (named) return {};
  TRY(const keys::MasterKey key, txn.get(keys::kMasterKeys, {grant->realm, grant->key_id}));
  const keys::Use use{
      .principal = subject.arn, .role = subject.role_arn, .operation = "RetireGrant"};
  if (keys::allows(*grant, use)) return {};
  question.key = &key;
  return decide(kms, call, question);
}

}  // namespace

std::string policy_of(const keys::MasterKey& key) {
  if (key.maker == keys::Maker::platform) return policy::service_key_policy(key.realm, "s3");
  return key.policy;
}

Result<void> check_lockout(const Kms& kms, wire::Call& call, const keys::MasterKey& key) {
  const Question question{.action = "PutKeyPolicy", .key = &key};
  TRY(const Judged judged, judge(kms, call, question));
  if (judged.decision.allowed || judged.decision.because != policy::PolicyKind::resource) return {};
  return fail(errors::malformed_policy_document(
      "The new key policy will not allow you to update the key policy in the future."));
}

Result<void> authorize(void* service, wire::Call& call, const wire::Operation& operation,
                       wire::Value input) {
  const Kms& kms = *static_cast<const Kms*>(service);
  if (call.principal.anonymous()) {
    return fail(Error{ErrorKind::denied, "Request is missing Authentication Token",
                      "MissingAuthenticationTokenException", 400});
  }
  const std::string_view name = operation.name;
  Question question{.action = name, .operation = &operation, .input = input};
  if (!input.present()) return decide(kms, call, question);
  question.named = text(operation, input, "KeyId");
  if (name == "ReEncrypt") return decide_re_encrypt(kms, call, question);
  if (name == "Encrypt") return decide_use<EncryptRequest>(kms, call, question);
  if (name == "Decrypt") return decide_use<DecryptRequest>(kms, call, question);
  if (name == "GenerateDataKey") return decide_use<GenerateDataKeyRequest>(kms, call, question);
  if (name == "GenerateDataKeyWithoutPlaintext") {
    return decide_use<GenerateDataKeyWithoutPlaintextRequest>(kms, call, question);
  }
  if (name.ends_with("Alias")) return decide_alias(kms, call, question);
  if (name == "RetireGrant") return decide_retirement(kms, call, question);
  if (name.ends_with("Grant") || name == "ListGrants") return decide_named(kms, call, question);
  if (question.named.empty() || name == "ListAliases") return decide(kms, call, question);
  if (name == "DescribeKey") return decide_named(kms, call, question);
  return decide_named(kms, call, question, &find_key_by_id);
}

}  // namespace millrace::kms
