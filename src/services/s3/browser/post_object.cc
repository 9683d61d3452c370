#include "services/s3/browser/post_object.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/uri.h"
#include "runtime/machine_time.h"
#include "services/s3/checksums.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/form_signature.h"
#include "services/s3/metadata.h"
#include "services/s3/post_policy.h"
#include "services/s3/transfer.h"
#include "wire/protocols/xml_reader.h"
#include "wire/protocols/xml_writer.h"

namespace millrace::s3 {
namespace {

// One upload on its way.
struct Upload {
  Upload(S3& service, FormUpload f, std::string_view boundary)
      : s3(service), asked(std::move(f)), request(*asked.request), call(arena), form(boundary) {}

  S3& s3;
  FormUpload asked;
  http::Request& request;
  Arena arena;
  wire::Call call;
  FormParser form;
  PostPolicy policy;
  objects::ObjectId id;
  Bytes file;  // What of the last piece belongs to the file.
  objects::Protection protection;
};

constexpr std::string_view kEncryption = "x-amz-server-side-encryption";

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return out;
}

std::string field_or(const FormParser& form, std::string_view name, std::string_view otherwise) {
  const std::string* const value = form.field(name);
  return value != nullptr ? *value : std::string(otherwise);
}

// Feeds one piece of the body; false at its end.
Task<bool> read_piece(Upload* upload, Bytes* buffer) {
  CO_TRY(const size_t got, co_await upload->request.body.read(buffer->data(), buffer->size()));
  if (got == 0) co_return false;
  CO_TRY(upload->form.feed(BytesView(*buffer).substr(0, got), upload->file));
  co_return true;
}

// Fields that change how an object is kept, and that are not acted upon, are refused by name.
Result<void> refuse_unknown(const FormParser& form) {
  for (const auto& [name, value] : form.fields()) {
    const std::string known = lower(name);
    if (!known.starts_with("x-amz-") || known.starts_with("x-amz-meta-")) continue;
    bool acted_upon = known.starts_with(kEncryption);
    for (const std::string_view one :
         {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature",
          "x-amz-security-token", "x-amz-storage-class", "x-amz-website-redirect-location"}) {
      acted_upon = acted_upon || known == one;
    }
    if (!acted_upon) return fail(not_implemented(fmt::format("The form field {}", known)));
  }
  // A list that gives others something is more than the owner's full control.
  const std::string acl = field_or(form, "acl", "private");
  if (acl == "private" || acl == "bucket-owner-full-control") return {};
  return fail(not_implemented(fmt::format("The form field acl with the value {}", acl)));
}

// The field `tagging` is a Tagging document.
Result<Tags> read_tagging(const FormParser& form, Arena& arena) {
  const std::string* const text = form.field("tagging");
  if (text == nullptr) return Tags();
  wire::XmlReader xml(arena);
  if (!xml.load(*text)) return fail(problem(Problem::malformed_xml));
  const Result<wire::Value> value = xml.read(api::Tagging::kShape);
  if (!value) return fail(problem(Problem::malformed_xml));
  return read_tags(api::Tagging(value->items, arena).tag_set());
}

Result<objects::Metadata> read_form_metadata(const FormParser& form, Arena& arena) {
  objects::Metadata out;
  for (const std::string_view name :
       {kCacheControl, kContentDisposition, kContentEncoding, kContentLanguage, kExpires}) {
    put_attribute(out.attributes, name, field_or(form, name, ""));
  }
  put_attribute(out.attributes, kContentType, field_or(form, kContentType, kDefaultContentType));
  put_attribute(out.attributes, kRedirect, field_or(form, "x-amz-website-redirect-location", ""));
  constexpr std::string_view kMeta = "x-amz-meta-";
  size_t bytes = 0;
  for (const auto& [name, value] : form.fields()) {
    const std::string known = lower(name);
    if (!known.starts_with(kMeta)) continue;
    bytes += known.size() - kMeta.size() + value.size();
    out.user.emplace(known.substr(kMeta.size()), value);
  }
  if (bytes > kUserMetadataBytesMax) return fail(problem(Problem::metadata_too_large));
  TRY(out.tags, read_tagging(form, arena));
  TRY(out.storage_class, read_storage_class(field_or(form, "x-amz-storage-class", "")));
  return out;
}

// Whether the signer may put the object, by the policies that concern a PutObject of it.
Result<void> authorize(Upload& upload, const std::string& key) {
  const wire::Bound& bound = *upload.asked.bound;
  if (bound.authorize == nullptr) return {};
  const auto input = upload.call.make<PutObjectRequest>();
  input.set_bucket(upload.asked.bucket);
  input.set_key(key);
  const wire::Operation* const operation = wire::find_operation(*bound.model, "PutObject");
  ASSERT(operation != nullptr);
  TRY(bound.authorize(bound.service, upload.call, *operation, input.as_value()));
  upload.call.authorized = true;
  return {};
}

// The fields are there: who sends them, whether the policy holds, and where the object goes.
Result<void> open_form(Upload& upload) {
  const std::string& bucket = upload.asked.bucket;
  const FormParser& form = upload.form;
  const Time now = runtime::outside_time(upload.s3.clock);
  const std::string* const key = form.field("key");
  if (key == nullptr) {
    return fail(
        invalid_argument("Bucket POST must contain a field named 'key'.  If it is "
                         "specified, please check the order of the fields.",
                         "key", ""));
  }
  TRY(FormSigner signer, verify_form(form, upload.s3.keys, now));
  TRY(upload.policy, parse_post_policy(field_or(form, "policy", "")));
  TRY(check_post_policy(upload.policy, form.fields(), bucket, now));
  upload.call.principal = {.account = signer.key.account,
                           .arn = signer.key.principal_arn,
                           .user_id = signer.key.user_id,
                           .access_key_id = signer.key.id,
                           .root = signer.key.root};
  std::string region = signer.region;
  if (region.empty()) {
    const Result<objects::Bucket> found = upload.s3.objects.bucket(bucket);
    if (found) region = found->region;
  }
  upload.call.realm = {signer.key.account, region};
  upload.call.any_region = signer.region.empty();
  TRY(authorize(upload, *key));
  TRY(upload.id, open_key(upload.s3, upload.call, bucket, *key, ""));
  return refuse_unknown(form);
}

EncryptionHeaders form_encryption(const FormParser& form) {
  const auto field = [&form](std::string_view name) {
    const std::string* const value = form.field(fmt::format("{}{}", kEncryption, name));
    return value != nullptr ? std::string_view(*value) : std::string_view();
  };
  EncryptionHeaders out{
      field(""),
      field("-aws-kms-key-id"),
      field("-context"),
      std::nullopt,
      {field("-customer-algorithm"), field("-customer-key"), field("-customer-key-md5")}};
  const std::string_view bucket_key = field("-bucket-key-enabled");
  if (!bucket_key.empty()) out.bucket_key = bucket_key == "true";
  return out;
}

// Streams the file into a writer, within the policy's limits.
Task<objects::Entry> store_file(Upload* upload, Bytes* buffer) {
  CO_TRY(objects::Metadata metadata, read_form_metadata(upload->form, upload->arena));
  const EncryptionHeaders asked = form_encryption(upload->form);
  CO_TRY(std::optional<objects::Protect> protect,
         co_await read_encryption(upload->s3, upload->call, asked, upload->id));
  Result<objects::Writer> writer =
      co_await upload->s3.objects.write(upload->id, std::move(metadata), true, std::move(protect));
  if (!writer) co_return fail(translate(upload->s3, upload->id, std::move(writer).error()));
  upload->protection = writer->protection();
  const uint64_t size_max = upload->s3.objects.limits().part_bytes_max;
  auth::Checksum checksum(kOwnChecksum);
  for (;;) {
    const uint64_t size = writer->size_bytes() + upload->file.size();
    if (size > size_max) co_return fail(problem(Problem::entity_too_large));
    CO_TRY(check_post_size(upload->policy, size, false));
    if (!upload->file.empty()) {
      checksum.update(upload->file);
      CO_TRY(co_await writer->write(upload->file));
      upload->file.clear();
    }
    CO_TRY(const bool more, co_await read_piece(upload, buffer));
    if (!more) break;
  }
  CO_TRY(upload->form.finish());
  CO_TRY(check_post_size(upload->policy, writer->size_bytes(), true));
  objects::Digests digests;
  digests.checksums.push_back({std::string(auth::name_of(kOwnChecksum)), checksum.finish()});
  objects::Conditions conditions;
  objects::Cause cause = cause_of(upload->call, "PostObject");
  Result<objects::Entry> entry =
      co_await writer->commit(std::move(digests), std::move(conditions), std::move(cause));
  if (!entry) co_return fail(translate(upload->s3, upload->id, std::move(entry).error()));
  co_return std::move(*entry);
}

Task<objects::Entry> upload_file(Upload* upload) {
  Bytes buffer(kPieceBytes, '\0');
  while (!upload->form.at_file()) {
    CO_TRY(const bool more, co_await read_piece(upload, &buffer));
    if (!more) break;
  }
  // A form that has ended already must have had a file.
  if (!upload->form.at_file() || upload->form.done()) CO_TRY(upload->form.finish());
  CO_TRY(open_form(*upload));
  co_return co_await store_file(upload, &buffer);
}

bool is_plain_url(std::string_view url) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
  return std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7F; });
}

// The headers that a PutObject is answered with.
void add_encryption(Upload& upload, http::Headers& headers) {
  const auto out = upload.call.make<PutObjectOutput>();
  write_encryption(out, upload.protection,
                   field_or(upload.form, fmt::format("{}-customer-key-md5", kEncryption), ""));
  const auto add = [&headers](std::string_view name, std::string_view value) {
    if (!value.empty()) headers.add(fmt::format("{}{}", kEncryption, name), std::string(value));
  };
  add("", out.server_side_encryption());
  add("-aws-kms-key-id", out.ssekms_key_id());
  add("-context", out.ssekms_encryption_context());
  add("-bucket-key-enabled", out.bucket_key_enabled() ? "true" : "");
  add("-customer-algorithm", out.sse_customer_algorithm());
  add("-customer-key-md5", out.sse_customer_key_md5());
}

http::Response answer(Upload& upload, const objects::Entry& entry) {
  const FormParser& form = upload.form;
  const std::string etag = quoted_etag(entry.etag);
  http::Response out;
  add_encryption(upload, out.headers);
  const std::string location = fmt::format("http://{}/{}/{}", upload.request.host,
                                           uri_encode(entry.bucket), uri_encode(entry.object_key));
  out.headers.add("ETag", etag);
  const std::string redirect =
      field_or(form, "success_action_redirect", field_or(form, "redirect", ""));
  // AWS: a redirect that is no URL is as if there were none.
  if (is_plain_url(redirect)) {
    out.status = 303;
    out.headers.add("Location", fmt::format("{}{}bucket={}&key={}&etag={}", redirect,
                                            redirect.find('?') == std::string::npos ? '?' : '&',
                                            uri_encode(entry.bucket), uri_encode(entry.object_key),
                                            uri_encode(etag)));
    return out;
  }
  out.headers.add("Location", location);
  const std::string status = field_or(form, "success_action_status", "");
  out.status = status == "200" ? 200 : status == "201" ? 201 : 204;
  if (out.status != 201) return out;
  Bytes body(wire::kXmlDeclaration);
  body += "<PostResponse>";
  wire::append_xml_element(body, "Location", location);
  wire::append_xml_element(body, "Bucket", entry.bucket);
  wire::append_xml_element(body, "Key", entry.object_key);
  wire::append_xml_element(body, "ETag", etag);
  body += "</PostResponse>";
  out.headers.add("Content-Type", "application/xml");
  out.body = std::move(body);
  return out;
}

}  // namespace

bool is_form_upload(const http::Request& request) {
  if (request.method != "POST" || !request.query.empty()) return false;
  const auto type = request.headers.find("content-type");
  return type && lower(type->substr(0, type->find(';'))).starts_with("multipart/form-data");
}

Task<http::Response> post_object(S3& s3, FormUpload form) {
  const auto type = form.request->headers.find("content-type");
  const std::optional<std::string> boundary = form_boundary(type.value_or(""));
  if (!boundary) co_return fail(problem(Problem::malformed_post_request));
  auto upload = std::make_unique<Upload>(s3, std::move(form), *boundary);
  upload->call.http = upload->asked.request;
  upload->call.request_id = upload->asked.request_id;
  CO_TRY(const objects::Entry entry, co_await upload_file(upload.get()));
  co_return answer(*upload, entry);
}

}  // namespace millrace::s3
