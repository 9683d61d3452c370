#include "services/s3/website/site.h"

#include <fmt/format.h>

#include "base/uri.h"
#include "services/s3/configurations.h"
#include "services/s3/website/website_rules.h"
#include "wire/protocols/xml_reader.h"
#include "wire/protocols/xml_writer.h"

namespace millrace::s3 {
namespace {

// What went wrong, as a page says it.
struct PageError {
  int status = 404;
  std::string code;
  std::string message;
  Details details = {};
};

// `document`: why the site's own page is not shown, where it has one.
http::Response error_page(const PageError& error, const std::string& request_id,
                          const PageError* document = nullptr) {
  const std::string title = fmt::format("{} {}", error.status, http::reason_phrase(error.status));
  Bytes body =
      "<html>\n<head><title>" + title + "</title></head>\n<body>\n<h1>" + title + "</h1>\n<ul>\n";
  const auto item = [&body](std::string_view name, std::string_view text) {
    body += "<li>";
    wire::append_xml_text(body, name);
    body += ": ";
    wire::append_xml_text(body, text);
    body += "</li>\n";
  };
  item("Code", error.code);
  item("Message", error.message);
  for (const auto& [name, text] : error.details) item(name, text);
  const std::string host_id = to_base64(request_id);
  item("RequestId", request_id);
  item("HostId", host_id);
  body += "</ul>\n";
  if (document != nullptr) {
    body +=
        "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n";
    item("Code", document->code);
    item("Message", document->message);
    for (const auto& [name, text] : document->details) item(name, text);
    body += "</ul>\n";
  }
  body += "<hr/>\n</body>\n</html>\n";
  http::Response out{.status = error.status, .headers = {}, .body = std::move(body)};
  out.headers.add("Content-Type", "text/html; charset=utf-8");
  out.headers.add("x-amz-error-code", error.code);
  out.headers.add("x-amz-error-message", error.message);
  out.headers.add("x-amz-request-id", request_id);
  out.headers.add("x-amz-id-2", host_id);
  return out;
}

http::Response redirect_to(int status, std::string location, const std::string& request_id) {
  http::Response out{.status = status, .headers = {}, .body = Bytes()};
  out.headers.add("Location", std::move(location));
  out.headers.add("x-amz-request-id", request_id);
  return out;
}

// An anonymous request of an object, as the pipeline takes it.
struct Fetch {
  http::Request* visit;
  std::string bucket;
  std::string key;
  std::string_view method;
};

Task<http::Response> fetch(http::Handler* inside, Fetch what) {
  const std::string path =
      fmt::format("/{}/{}", uri_encode(what.bucket), uri_encode(what.key, true));
  http::Request request = *what.visit;
  request.method = what.method;
  request.target = path;
  request.path = path;
  request.query = {};
  request.host = "s3.localhost";
  request.headers.clear();
  for (const http::HeaderView& header : what.visit->headers) {
    const bool credential =
        http::equal_ignoring_case(header.name, "authorization") ||
        (header.name.size() > 6 && http::equal_ignoring_case(header.name.substr(0, 6), "x-amz-"));
    if (!credential) request.headers.add(header.name, header.value);
  }
  co_return co_await inside->handle(request);
}

// What the pipeline answered in XML; a HEAD has no document.
PageError read_error(const http::Response& response, const std::string& key) {
  PageError out;
  out.status = response.status;
  out.code = response.status == 404 ? "NoSuchKey" : "AccessDenied";
  out.message = response.status == 404 ? "The specified key does not exist." : "Access Denied";
  const Bytes* const body = std::get_if<Bytes>(&response.body);
  Arena arena;
  wire::XmlReader xml(arena);
  if (body != nullptr && xml.load(*body)) {
    const std::string_view code = xml.child_text("Code");
    const std::string_view message = xml.child_text("Message");
    if (!code.empty()) out.code = code;
    if (!message.empty()) out.message = message;
  }
  if (out.code == "NoSuchKey") out.details = {{"Key", key}};
  return out;
}

// One visit of a page.
struct Visit {
  http::Handler* inside = nullptr;
  SiteRequest site;
  Arena arena;
  api::WebsiteConfiguration website;
  std::string key;
};

// AWS: a folder that is asked for without its slash is redirected where it has an index.
Task<bool> is_folder(Visit* visit) {
  if (visit->key.empty() || visit->key.ends_with('/')) co_return false;
  Fetch index{visit->site.request, visit->site.bucket,
              document_key(visit->website, visit->key + "/"), "HEAD"};
  CO_TRY(const http::Response found, co_await fetch(visit->inside, std::move(index)));
  co_return found.status == 200;
}

Task<http::Response> answer_error(Visit* visit, PageError error) {
  const std::string& request_id = visit->site.request_id;
  const WebsiteRequest asked{visit->key, error.status, "http", visit->site.request->host};
  if (const auto redirect = find_redirect(visit->website, asked)) {
    co_return redirect_to(redirect->status, redirect->location, request_id);
  }
  const std::string_view document = visit->website.error_document().key();
  if (!document.empty()) {
    Fetch page{visit->site.request, visit->site.bucket, std::string(document),
               visit->site.request->method};
    CO_TRY(http::Response found, co_await fetch(visit->inside, std::move(page)));
    if (found.status == 200) {
      found.status = error.status;
      found.headers.set("x-amz-error-code", error.code);
      found.headers.set("x-amz-error-message", error.message);
      co_return found;
    }
    const PageError missing = read_error(found, std::string(document));
    co_return error_page(error, request_id, &missing);
  }
  co_return error_page(error, request_id);
}

Task<http::Response> answer_page(Visit* visit) {
  const http::Request& request = *visit->site.request;
  const WebsiteRequest asked{visit->key, 0, "http", request.host};
  if (const auto redirect = find_redirect(visit->website, asked)) {
    co_return redirect_to(redirect->status, redirect->location, visit->site.request_id);
  }
  const std::string document = document_key(visit->website, visit->key);
  Fetch page{visit->site.request, visit->site.bucket, document, request.method};
  CO_TRY(http::Response found, co_await fetch(visit->inside, std::move(page)));
  if (found.status < 400) {
    const std::string* const elsewhere = found.headers.find("x-amz-website-redirect-location");
    if (elsewhere == nullptr) co_return found;
    co_return redirect_to(301, *elsewhere, visit->site.request_id);
  }
  // A page that has changed, or lacks the range, is an answer of its own.
  if (found.status == 412 || found.status == 416) co_return found;
  CO_TRY(const bool folder, co_await is_folder(visit));
  if (folder) {
    co_return redirect_to(302, "/" + uri_encode(visit->key, true) + "/", visit->site.request_id);
  }
  co_return co_await answer_error(visit, read_error(found, document));
}

std::string_view without_port(std::string_view host) { return host.substr(0, host.rfind(':')); }

}  // namespace

std::string_view site_bucket(std::string_view host) {
  const std::string_view name = without_port(host);
  const size_t at = name.find(".s3-website");
  if (at == std::string_view::npos || at == 0) return {};
  const char next = name.size() > at + 11 ? name[at + 11] : '\0';
  if (next != '.' && next != '-') return {};
  const bool ours = name.ends_with(".localhost") || name.ends_with(".amazonaws.com") ||
                    name.ends_with(".localhost.localstack.cloud");
  return ours ? name.substr(0, at) : std::string_view();
}

Task<http::Response> answer_site(S3& s3, http::Handler& inside, SiteRequest site) {
  const http::Request& request = *site.request;
  const std::string request_id = site.request_id;
  if (request.method != "GET" && request.method != "HEAD") {
    const PageError refused{405, "MethodNotAllowed",
                            "The specified method is not allowed against this resource."};
    co_return error_page(refused, request_id);
  }
  const Result<objects::Bucket> bucket = s3.objects.bucket(site.bucket);
  if (!bucket) {
    const PageError missing{
        404, "NoSuchBucket", "The specified bucket does not exist", {{"BucketName", site.bucket}}};
    co_return error_page(missing, request_id);
  }
  auto visit = std::make_unique<Visit>();
  visit->inside = &inside;
  visit->site = std::move(site);
  const ConfigurationId id{visit->site.bucket, configuration::kWebsite};
  CO_TRY(visit->website, find_configuration<api::WebsiteConfiguration>(s3, id, visit->arena));
  if (!visit->website) {
    const PageError none{404,
                         "NoSuchWebsiteConfiguration",
                         "The specified bucket does not have a website configuration",
                         {{"BucketName", visit->site.bucket}}};
    co_return error_page(none, request_id);
  }
  const std::optional<std::string> key = uri_decode(request.path.substr(1));
  if (!key) {
    const PageError bad{400, "InvalidURI", "Couldn't parse the specified URI."};
    co_return error_page(bad, request_id);
  }
  visit->key = *key;
  co_return co_await answer_page(visit.get());
}

}  // namespace millrace::s3
