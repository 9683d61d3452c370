#include "services/s3/tag_text.h"

#include <algorithm>

#include "base/uri.h"

namespace millrace::s3 {
namespace {

// AWS: letters and digits of any language, spaces and + - = . _ : / @.
bool has_good_characters(std::string_view text) {
  if (!is_utf8(text)) return false;
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return byte >= 0x80 || letter ||
           std::string_view(" +-=._:/@").find(c) != std::string_view::npos;
  });
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

Result<void> add_tag(Tags& out, std::string_view key, std::string_view value) {
  if (key.empty() || characters(key) > kTagKeyCharactersMax || !has_good_characters(key)) {
    return fail(problem(Problem::invalid_tag, {{"TagKey", std::string(key)}}));
  }
  if (key.starts_with("aws:")) {
    return fail(problem(Problem::invalid_tag, {{"TagKey", std::string(key)}},
                        "System tags cannot be added/updated by requester"));
  }
  if (characters(value) > kTagValueCharactersMax || !has_good_characters(value)) {
    return fail(problem(Problem::invalid_tag, {{"TagValue", std::string(value)}},
                        "The TagValue you have provided is invalid"));
  }
  if (!out.emplace(key, value).second) {
    return fail(problem(Problem::invalid_tag, {{"TagKey", std::string(key)}},
                        "Cannot provide multiple Tags with the same key"));
  }
  return {};
}

Result<void> check_count(const Tags& tags) {
  if (tags.size() > kTagsMax) return fail(problem(Problem::bad_request));
  return {};
}

}  // namespace

Result<Tags> parse_tag_header(std::string_view header) {
  Tags out;
  if (header.empty()) return out;
  const auto parsed = parse_query(header, true);
  if (!parsed) {
    return fail(invalid_argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
        "without tag name duplicates.",
        "x-amz-tagging", header));
  }
  for (const auto& [key, value] : *parsed) TRY(add_tag(out, key, value));
  TRY(check_count(out));
  return out;
}

Result<Tags> read_tags(wire::List<api::Tag> tags) {
  Tags out;
  for (const api::Tag tag : tags) TRY(add_tag(out, tag.key(), tag.value()));
  TRY(check_count(out));
  return out;
}

Result<Tags> read_bucket_tags(wire::List<api::Tag> tags) {
  Tags out;
  for (const api::Tag tag : tags) TRY(add_tag(out, tag.key(), tag.value()));
  if (out.size() > kBucketTagsMax) {
    return fail(problem(Problem::bad_request, {}, "Bucket tag count cannot be greater than 50"));
  }
  return out;
}

void write_tags(const Tags& tags, wire::List<api::Tag> out) {
  for (const auto& [key, value] : tags) {
    const api::Tag tag = out.append();
    tag.set_key(key);
    tag.set_value(value);
  }
}

}  // namespace millrace::s3
