// A bucket as a website: unsigned GET and HEAD of pages, with the index and error documents, the
// redirects and the routing rules of its configuration (website_rules.h). Errors are pages of HTML.
//
// A page is got as an anonymous GetObject through the pipeline, so ranges, conditions and who may
// read it are those of S3. Hosts: <bucket>.s3-website.localhost, <bucket>.s3-website-<region>.…,
// <bucket>.s3-website.<region>.….
// Source: S3 User Guide, "Hosting a static website", "Website endpoints".
#pragma once

#include <string>
#include <string_view>

#include "services/s3/s3.h"
#include "wire/http/message.h"

namespace millrace::s3 {

// The bucket whose website the host names; empty where it names none.
std::string_view site_bucket(std::string_view host);

struct SiteRequest {
  http::Request* request;
  std::string bucket;
  std::string request_id;
};

// `inside` is the pipeline. Both, and the request, outlive the task.
Task<http::Response> answer_site(S3& s3, http::Handler& inside, SiteRequest visit);

}  // namespace millrace::s3
