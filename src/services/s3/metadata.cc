#include "services/s3/metadata.h"

#include <algorithm>

namespace millrace::s3 {
namespace {

constexpr std::array<std::string_view, 8> kStorageClasses = {
    "STANDARD",   "REDUCED_REDUNDANCY",  "STANDARD_IA",
    "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR",
    "GLACIER",    "DEEP_ARCHIVE"};
constexpr std::string_view kStandard = "STANDARD";
constexpr std::string_view kChunked = "aws-chunked";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

void put_attribute(Attributes& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.emplace(name, value);
}

std::string_view find_attribute(const Attributes& attributes, std::string_view name) {
  // There are few, and looking a key up would make a text of its name.
  for (const auto& [known, value] : attributes) {
    if (known == name) return value;
  }
  return {};
}

std::string content_encoding_of(std::string_view header) {
  std::string out;
  while (!header.empty()) {
    const size_t comma = std::min(header.find(','), header.size());
    const std::string_view name = trimmed(header.substr(0, comma));
    header.remove_prefix(std::min(comma + 1, header.size()));
    if (name.empty() || name == kChunked) continue;
    if (!out.empty()) out += ",";
    out += name;
  }
  return out;
}

Result<void> check_redirect(std::string_view location) {
  if (location.empty() || location.starts_with('/') || location.starts_with("http://") ||
      location.starts_with("https://")) {
    return {};
  }
  return fail({ErrorKind::invalid,
               "The website redirect location must have a prefix of 'http://' or 'https://' or "
               "'/'.",
               "InvalidRedirectLocation", 400});
}

Result<std::map<std::string, std::string>> read_user_metadata(
    wire::Map<std::string_view> metadata) {
  std::map<std::string, std::string> out;
  size_t total = 0;
  for (size_t i = 0; i < metadata.size(); ++i) {
    std::string name(metadata.key(i));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    total += name.size() + metadata.value(i).size();
    out[std::move(name)] = metadata.value(i);
  }
  if (total > kUserMetadataBytesMax) {
    return fail(problem(Problem::metadata_too_large,
                        {{"Size", std::to_string(total)},
                         {"MaxSizeAllowed", std::to_string(kUserMetadataBytesMax)}}));
  }
  return out;
}

// DIVERGES: a storage class is kept and shown; every object is kept alike on the disk.
Result<std::string> read_storage_class(std::string_view name) {
  if (name.empty() || name == kStandard) return std::string();
  if (std::ranges::find(kStorageClasses, name) == kStorageClasses.end()) {
    return fail(
        problem(Problem::invalid_storage_class, {{"StorageClassRequested", std::string(name)}}));
  }
  return std::string(name);
}

std::string_view storage_class_name(const std::string& kept) {
  return kept.empty() ? kStandard : std::string_view(kept);
}

}  // namespace millrace::s3
