// How a bucket answers as a website: its configuration, checked as AWS checks it, and what it says
// of one request. Pure; site.h does what it says.
// Source: S3 User Guide, "Hosting a static website", "Configuring a webpage redirect".
// Limits: kRoutingRulesMax rules of a bucket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

inline constexpr size_t kRoutingRulesMax = 50;

// Errors: InvalidArgument, InvalidRequest, MalformedXML.
Result<void> check_website(const api::WebsiteConfiguration& website);

struct WebsiteRedirect {
  int status = 301;
  std::string location;
};

// Where the site was asked for a key, or, with `error_status`, where that key answered an error.
struct WebsiteRequest {
  std::string_view key;
  int error_status = 0;
  std::string_view scheme;  // http
  std::string_view host;    // With its port.
};

// The redirect that the configuration asks for; nothing where it asks for none.
std::optional<WebsiteRedirect> find_redirect(const api::WebsiteConfiguration& website,
                                             const WebsiteRequest& request);

// The key that a path stands for: of a folder, its index document.
std::string document_key(const api::WebsiteConfiguration& website, std::string_view key);

}  // namespace millrace::s3
