// What a request says of an object (system and user metadata, tags, storage class), as the engine
// keeps it, and back. Templates over the generated inputs and outputs, which share their members'
// names. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "services/s3/s3.h"
#include "services/s3/tag_text.h"

namespace millrace::s3 {

// Names of Metadata::attributes.
inline constexpr std::string_view kCacheControl = "cache-control";
inline constexpr std::string_view kContentDisposition = "content-disposition";
inline constexpr std::string_view kContentEncoding = "content-encoding";
inline constexpr std::string_view kContentLanguage = "content-language";
inline constexpr std::string_view kContentType = "content-type";
inline constexpr std::string_view kExpires = "expires";
inline constexpr std::string_view kRedirect = "website-redirect-location";

inline constexpr std::string_view kDefaultContentType = "binary/octet-stream";
inline constexpr size_t kUserMetadataBytesMax = 2048;

using Attributes = std::map<std::string, std::string>;

void put_attribute(Attributes& out, std::string_view name, std::string_view value);
std::string_view find_attribute(const Attributes& attributes, std::string_view name);

// Without `aws-chunked`, which is an encoding of the request and not of the object.
std::string content_encoding_of(std::string_view header);
// A path, or a URL. Errors: InvalidRedirectLocation.
Result<void> check_redirect(std::string_view location);
// Lower-case names. Errors: MetadataTooLarge.
Result<std::map<std::string, std::string>> read_user_metadata(wire::Map<std::string_view> metadata);
// STANDARD is empty. Errors: InvalidStorageClass.
Result<std::string> read_storage_class(std::string_view name);
std::string_view storage_class_name(const std::string& kept);

// Errors: MetadataTooLarge, InvalidStorageClass, InvalidRedirectLocation, those of
// parse_tag_header().
template <class In>
Result<objects::Metadata> read_metadata(const In& in) {
  objects::Metadata out;
  put_attribute(out.attributes, kCacheControl, in.cache_control());
  put_attribute(out.attributes, kContentDisposition, in.content_disposition());
  put_attribute(out.attributes, kContentEncoding, content_encoding_of(in.content_encoding()));
  put_attribute(out.attributes, kContentLanguage, in.content_language());
  put_attribute(out.attributes, kContentType, in.content_type(kDefaultContentType));
  put_attribute(out.attributes, kExpires, in.expires());
  TRY(check_redirect(in.website_redirect_location()));
  put_attribute(out.attributes, kRedirect, in.website_redirect_location());
  TRY(out.user, read_user_metadata(in.metadata()));
  TRY(out.tags, parse_tag_header(in.tagging()));
  TRY(out.storage_class, read_storage_class(in.storage_class()));
  return out;
}

template <class Out>
void write_metadata(const Out& out, const objects::Metadata& metadata) {
  const auto set = [&metadata](std::string_view name, auto setter) {
    const std::string_view value = find_attribute(metadata.attributes, name);
    if (!value.empty()) setter(value);
  };
  set(kCacheControl, [&out](std::string_view v) { out.set_cache_control(v); });
  set(kContentDisposition, [&out](std::string_view v) { out.set_content_disposition(v); });
  set(kContentEncoding, [&out](std::string_view v) { out.set_content_encoding(v); });
  set(kContentLanguage, [&out](std::string_view v) { out.set_content_language(v); });
  set(kExpires, [&out](std::string_view v) { out.set_expires(v); });
  set(kRedirect, [&out](std::string_view v) { out.set_website_redirect_location(v); });
  out.set_content_type(kDefaultContentType);
  set(kContentType, [&out](std::string_view v) { out.set_content_type(v); });
  if (!metadata.storage_class.empty()) out.set_storage_class(metadata.storage_class);
  if (metadata.user.empty()) return;
  const auto user = out.make_metadata();
  for (const auto& [name, value] : metadata.user) user.set(name, value);
}

}  // namespace millrace::s3
