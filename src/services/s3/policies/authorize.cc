#include "services/s3/policies/authorize.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/s3/configurations.h"
#include "services/s3/policies/actions.h"
#include "services/s3/policies/bucket_policy.h"
#include "services/s3/policies/lists.h"
#include "services/s3/policies/policy_errors.h"
#include "services/s3/policies/request_context.h"

namespace millrace::s3 {

namespace {

// Who calls, without their account's canonical name.
Result<policy::Subject> plain_subject_of(const S3& s3, const wire::Call& call) {
  const wire::Principal& principal = call.principal;
  policy::Subject out{.account = principal.account,
                      .arn = principal.arn,
                      .user_id = principal.user_id,
                      .root = principal.root};
  if (out.anonymous()) return out;
  if (!out.root) TRY(s3.permissions.complete(out, principal.access_key_id));
  return out;
}

// A digest that the root of a bucket's account can do without.
void name_canonically(policy::Subject& subject) {
  if (!subject.anonymous()) subject.canonical_user = owner_id(subject.account);
}

}  // namespace

Result<policy::Subject> subject_of(const S3& s3, const wire::Call& call) {
  TRY(policy::Subject out, plain_subject_of(s3, call));
  name_canonically(out);
  return out;
}

Error denial(const policy::Request& request, const policy::Decision& decision) {
  // AWS: who is of another account, or nobody, is not told why. See put_bucket_policy.test.
  const bool same =
      !request.subject.anonymous() && request.subject.account == request.resource_account;
  if (!same) return problem(Problem::access_denied);
  return problem(Problem::access_denied, {}, policy::describe_denial(request, decision));
}

namespace {

constexpr std::string_view kAnyBucket = "arn:aws:s3:::*";

// What is asked, beyond who asks.
struct Question {
  std::string_view action;
  const objects::ObjectId& id;  // With an empty key: of the bucket.
  ListPermission list = ListPermission::none;
  const wire::Operation* operation = nullptr;  // With `input`: whose members are context.
  wire::Value input = {};
};

bool mentions(const policy::Policies& policies, std::string_view prefix) {
  const auto in_document = [prefix](const policy::DocumentPtr& document) {
    return document && std::ranges::any_of(document->statements, [&](const auto& statement) {
             return std::ranges::any_of(statement.conditions, [&](const policy::Condition& c) {
               return policy::folded(c.key).starts_with(prefix);
             });
           });
  };
  return in_document(policies.resource) || in_document(policies.boundary) ||
         std::ranges::any_of(policies.identity, in_document) ||
         std::ranges::any_of(policies.session, in_document);
}

// Adds what the existing object's tags are, where a policy asks.
void add_object_tags(const S3& s3, const objects::ObjectId& id, policy::Request& request,
                     const policy::Policies& policies) {
  if (id.key.empty() || !mentions(policies, "s3:existingobjecttag/")) return;
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) return;
  for (const auto& [key, value] : object->metadata.tags) {
    request.context.set("s3:ExistingObjectTag/" + key, value);
  }
}

// AWS: a bucket's policy cannot lock out the root of its account from the policy itself.
bool is_about_the_policy(std::string_view action) {
  return action == "s3:GetBucketPolicy" || action == "s3:PutBucketPolicy" ||
         action == "s3:DeleteBucketPolicy";
}

Result<void> decide(const S3& s3, const wire::Call& call, const objects::Bucket& bucket,
                    const Question& question) {
  policy::Policies policies;
  TRY(policies.resource, find_bucket_policy(s3, bucket.name));
  const bool owner = call.principal.account == bucket.owner;
  // Before anything is put together that only policies ask about.
  if (call.principal.root && owner) {
    if (!policies.resource || is_about_the_policy(question.action)) return {};
  }
  TRY(policy::Subject subject, plain_subject_of(s3, call));
  policy::Request request{.subject = std::move(subject),
                          .action = std::string(question.action),
                          .resource = bucket_arn(bucket.name, question.id.key),
                          .resource_account = bucket.owner};
  name_canonically(request.subject);
  TRY(policy::Policies own, s3.permissions.of(request.subject));
  own.resource = std::move(policies.resource);
  policies = std::move(own);
  TRY(const auto block, public_access_block(s3, bucket.name));
  const bool restricted = block && block->restrict_buckets;
  if (!owner && restricted && policies.resource && is_public(*policies.resource)) {
    return fail(problem(Problem::access_denied));
  }
  TRY(policies.list, granted_by_list(s3, bucket, request.subject, question.list, question.id,
                                     block && block->ignore_acls));
  add_request(request.context, s3, call, bucket.owner);
  if (question.operation != nullptr) {
    add_input(request.context, *question.operation, question.input);
  }
  TRY(s3.permissions.describe(request.subject, request.context));
  add_object_tags(s3, question.id, request, policies);
  const policy::Decision decision = policy::evaluate(policies, request);
  if (!decision.allowed) return fail(denial(request, decision));
  // AWS: the policy of a bucket is its account's own business, whoever else may.
  if (!owner && is_about_the_policy(question.action)) return fail(method_not_allowed());
  return {};
}

// An operation on no bucket that exists: CreateBucket, ListBuckets.
Result<void> decide_for_account(const S3& s3, const wire::Call& call, const Question& question) {
  TRY(policy::Subject subject, plain_subject_of(s3, call));
  policy::Request request{.subject = std::move(subject),
                          .action = std::string(question.action),
                          .resource = question.id.bucket.empty()
                                          ? std::string(kAnyBucket)
                                          : bucket_arn(question.id.bucket, ""),
                          .resource_account = call.principal.account};
  if (request.subject.anonymous()) return fail(problem(Problem::access_denied));
  if (request.subject.root) return {};
  name_canonically(request.subject);
  TRY(const policy::Policies policies, s3.permissions.of(request.subject));
  add_request(request.context, s3, call, call.principal.account);
  add_input(request.context, *question.operation, question.input);
  TRY(s3.permissions.describe(request.subject, request.context));
  const policy::Decision decision = policy::evaluate(policies, request);
  if (decision.allowed) return {};
  if (request.resource == kAnyBucket) request.resource = "*";
  return fail(denial(request, decision));
}

// AWS: who may not list a bucket does not learn whether a key is in it. See get_object.test.
Result<void> hide_absence(const S3& s3, const wire::Call& call, const objects::Bucket& bucket,
                          const objects::ObjectId& id) {
  if (call.principal.root && call.principal.account == bucket.owner) return {};
  const Result<objects::Object> object = s3.objects.describe(id);
  if (object || object.error().kind != ErrorKind::not_found) return {};
  const objects::ObjectId whole{.bucket = bucket.name};
  return decide(s3, call, bucket,
                {.action = "s3:ListBucket", .id = whole, .list = ListPermission::read});
}

// AWS: whoever is not of the bucket's account says that they will pay. See
// put_bucket_request_payment.test.
Result<void> check_payer(const S3& s3, wire::Call& call, const objects::Bucket& bucket,
                         const wire::Operation& operation, wire::Value input) {
  if (call.principal.account == bucket.owner) return {};
  TRY(const auto payment, s3.objects.setting(bucket.name, configuration::kRequestPayment));
  if (!payment || payment->document.find("\"Requester\"") == Bytes::npos) return {};
  const bool agreed = text_member(operation, input, "RequestPayer") == "requester";
  if (!agreed || call.principal.anonymous()) return fail(problem(Problem::access_denied));
  call.response_headers.set("x-amz-request-charged", "requester");
  return {};
}

// AWS: who signed for another region learns the right one from a header too, as an answer to HEAD
// has no body; who asks about a bucket or lists it learns it also where that is denied. See
// tests/conformance/s3_addresses_test.py.
void tell_region(wire::Call& call, const wire::Operation& operation,
                 const objects::Bucket& bucket) {
  const bool elsewhere = !call.any_region && bucket.region != call.realm.region;
  if (!elsewhere && operation.name != "HeadBucket" && operation.name != "ListObjects" &&
      operation.name != "ListObjectsV2") {
    return;
  }
  call.response_headers.set("x-amz-bucket-region", bucket.region);
}

}  // namespace

Result<void> authorize(void* service, wire::Call& call, const wire::Operation& operation,
                       wire::Value input) {
  const S3& s3 = *static_cast<const S3*>(service);
  const Permission* const needed = permission_of(operation.name);
  objects::ObjectId id;
  id.bucket = text_member(operation, input, "Bucket");
  const std::string fallback = needed != nullptr ? "" : fmt::format("s3:{}", operation.name);
  const std::string_view version = text_member(operation, input, "VersionId");
  Question question{.action = needed != nullptr ? needed->action : std::string_view(fallback),
                    .id = id,
                    .list = needed != nullptr ? needed->list : ListPermission::none,
                    .operation = &operation,
                    .input = input};
  if (needed != nullptr && needed->target == Target::account) {
    return decide_for_account(s3, call, question);
  }
  if (needed != nullptr && needed->target == Target::object) {
    id.key = text_member(operation, input, "Key");
    if (objects::is_version_id(version)) id.version = version;
    if (!version.empty() && !needed->versioned.empty()) {
      question.action = needed->versioned;
      if (question.list == ListPermission::write) question.list = ListPermission::none;
    }
  }
  const Result<objects::Bucket> found = s3.objects.bucket(id.bucket);
  // Its operation says so; whoever makes it meanwhile has not been asked.
  if (!found && found.error().kind == ErrorKind::not_found) return {};
  if (!found) return fail(found.error());
  const objects::Bucket& bucket = *found;
  tell_region(call, operation, bucket);
  // Each key is asked for by the operation itself.
  if (operation.name == "DeleteObjects") {
    call.authorized = true;
    return check_payer(s3, call, bucket, operation, input);
  }
  TRY(decide(s3, call, bucket, question));
  if (needed != nullptr && !needed->also.empty()) {
    question.action = needed->also;
    TRY(decide(s3, call, bucket, question));
  }
  for (const std::string_view action : further_actions(operation, input)) {
    question.action = action;
    question.list = ListPermission::none;
    TRY(decide(s3, call, bucket, question));
  }
  TRY(check_payer(s3, call, bucket, operation, input));
  call.authorized = true;
  const bool reads = question.list == ListPermission::read && !id.key.empty();
  return reads ? hide_absence(s3, call, bucket, id) : Result<void>();
}

Result<void> authorize_action(const S3& s3, const wire::Call& call, std::string_view action,
                              const objects::ObjectId& id) {
  Result<objects::Bucket> bucket = s3.objects.bucket(id.bucket);
  if (!bucket && bucket.error().kind == ErrorKind::not_found) return {};
  if (!bucket) return fail(std::move(bucket).error());
  const bool reads = action.starts_with("s3:GetObject");
  const ListPermission list = reads                         ? ListPermission::read
                              : action == "s3:DeleteObject" ? ListPermission::write
                                                            : ListPermission::none;
  TRY(decide(s3, call, *bucket, {.action = action, .id = id, .list = list}));
  return reads ? hide_absence(s3, call, *bucket, id) : Result<void>();
}

}  // namespace millrace::s3
