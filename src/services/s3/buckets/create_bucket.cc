#include <fmt/format.h>

#include <algorithm>

#include "services/s3/configurations.h"
#include "services/s3/metadata.h"
#include "services/s3/policies/lists.h"
#include "services/s3/policies/public_access.h"
#include "services/s3/tag_text.h"

namespace millrace::s3 {
namespace {

constexpr std::string_view kClassicRegion = "us-east-1";
constexpr std::string_view kOwnerEnforced = "BucketOwnerEnforced";

// <part of the world>-<direction>-<number>; AWS opens new ones every year.
bool is_region(std::string_view name) {
  constexpr std::string_view kParts[] = {"af", "ap", "ca", "cn", "eu",
                                         "il", "me", "mx", "sa", "us"};
  constexpr std::string_view kDigits = "0123456789";
  constexpr size_t kBytesMax = 32;
  const size_t first = name.find('-'), last = name.rfind('-');
  if (first == last || name.size() > kBytesMax || last + 1 == name.size()) return false;
  const std::string_view number = name.substr(last + 1);
  const std::string_view middle = name.substr(first + 1, last - first - 1);
  return std::ranges::find(kParts, name.substr(0, first)) != std::end(kParts) &&
         number.find_first_not_of(kDigits) == std::string_view::npos &&
         middle.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos;
}

// AWS: us-east-1 takes any other region's name and makes the bucket there; other regions take only
// their own. See create_bucket.test.
Result<std::string> region_of(std::string_view signed_for, std::string_view constraint) {
  if (signed_for == kClassicRegion) {
    if (constraint.empty()) return std::string(kClassicRegion);
    if (constraint == "EU") return std::string("eu-west-1");
    if (constraint != kClassicRegion && is_region(constraint)) return std::string(constraint);
    return fail(problem(Problem::invalid_location_constraint,
                        {{"LocationConstraint", std::string(constraint)}}));
  }
  if (constraint == signed_for) return std::string(constraint);
  return fail(problem(
      Problem::illegal_location_constraint, {},
      fmt::format("The {} location constraint is incompatible for the region specific endpoint "
                  "this request was sent to.",
                  constraint.empty() ? "unspecified" : constraint)));
}

Result<void> refuse_unsupported_settings(const CreateBucketRequest& in) {
  const api::CreateBucketConfiguration given = in.create_bucket_configuration();
  if (given && (given.has_location() || given.has_bucket())) {
    return fail(not_implemented("A directory bucket"));
  }
  if (in.has_bucket_namespace() && in.bucket_namespace() != "global") {
    return fail(not_implemented("A bucket in its account's own namespace"));
  }
  return {};
}

// AWS: a new bucket has no list where its owner is enforced, and no public one where public lists
// are blocked, as they are in each new bucket. See create_bucket.test.
Result<std::optional<AccessList>> read_list(const CreateBucketRequest& in, std::string_view owner) {
  const std::string_view ownership = in.object_ownership(kOwnerEnforced);
  if (ownership != kOwnerEnforced && ownership != "BucketOwnerPreferred" &&
      ownership != "ObjectWriter") {
    return fail(invalid_argument("Invalid x-amz-object-ownership header: " + std::string(ownership),
                                 "x-amz-object-ownership", ownership));
  }
  TRY(std::optional<AccessList> list, asked_list(in, owner, true));
  if (!list || *list == private_list(owner)) return std::optional<AccessList>();
  if (ownership == kOwnerEnforced) return fail(problem(Problem::invalid_bucket_acl));
  if (is_public(*list)) {
    return fail({ErrorKind::invalid,
                 "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
                 "InvalidBucketAclWithBlockPublicAccessError", 400});
  }
  return list;
}

// The tags that a bucket is made with; null where there are none. Errors: InvalidTag, BadRequest.
Result<api::Tagging> read_tags_of(wire::Call& call, const api::CreateBucketConfiguration& given) {
  if (!given || given.tags().empty()) return api::Tagging();
  TRY(const Tags tags, read_bucket_tags(given.tags()));
  const auto out = call.make<api::Tagging>();
  write_tags(tags, out.make_tag_set());
  return out;
}

// A bucket whose process dies before this has the defaults, which grant nothing to others.
Task<void> keep_settings(S3& s3, std::string bucket, std::string ownership,
                         std::optional<AccessList> list, api::Tagging tags) {
  if (tags) {
    const ConfigurationId id{bucket, configuration::kTagging};
    CO_TRY(co_await put_configuration(s3, id, tags));
  }
  if (!ownership.empty()) CO_TRY(co_await keep_object_ownership(s3, bucket, std::move(ownership)));
  if (!list) co_return ok;
  objects::Setting setting;
  setting.bucket = std::move(bucket);
  setting.kind = configuration::kAcl;
  setting.document = list_text(*list);
  co_return co_await s3.objects.put_setting(std::move(setting));
}

}  // namespace

// AWS: in us-east-1, making a bucket that one owns already succeeds; elsewhere it is an error.
Task<CreateBucketOutput> create_bucket(S3& s3, wire::Call& call, CreateBucketRequest in) {
  const std::string name(in.bucket());
  if (!is_bucket_name(name)) {
    co_return fail(problem(Problem::invalid_bucket_name, {{"BucketName", name}}));
  }
  CO_TRY(refuse_unsupported_settings(in));
  CO_TRY(auto list, read_list(in, owner_id(call.principal.account)));
  const api::CreateBucketConfiguration given = in.create_bucket_configuration();
  CO_TRY(const api::Tagging tags, read_tags_of(call, given));
  const std::string_view constraint = given ? given.location_constraint() : std::string_view();
  objects::Bucket bucket;
  CO_TRY(bucket.region, region_of(call.realm.region, constraint));
  bucket.name = name;
  bucket.owner = call.principal.account;
  bucket.locks.enabled = in.object_lock_enabled_for_bucket();
  const bool classic = bucket.region == kClassicRegion;
  const Result<objects::Bucket> made = co_await s3.objects.create_bucket(std::move(bucket));
  if (!made && made.error().kind == ErrorKind::exhausted) {
    // The engine's limit, or a full disk.
    CO_TRY(const auto owned, s3.objects.buckets_of(call.principal.account));
    const bool limit = owned.size() >= s3.objects.limits().buckets_of_owner_max;
    co_return fail(limit ? problem(Problem::too_many_buckets) : made.error());
  }
  if (!made && made.error().kind != ErrorKind::already_exists) co_return fail(made.error());
  if (!made) {
    CO_TRY(const objects::Bucket present, s3.objects.bucket(name));
    if (present.owner != call.principal.account) {
      co_return fail(problem(Problem::bucket_already_exists, {{"BucketName", name}}));
    }
    if (!classic || present.region != kClassicRegion) {
      co_return fail(problem(Problem::bucket_already_owned_by_you, {{"BucketName", name}}));
    }
  }
  CO_TRY(
      co_await keep_settings(s3, name, std::string(in.object_ownership()), std::move(list), tags));
  auto out = call.make<CreateBucketOutput>();
  out.set_location(classic ? "/" + name : fmt::format("{}/{}", call.base_url, name));
  co_return out;
}

}  // namespace millrace::s3
