// Front: what browsers ask of S3 beyond its operations. It stands before the pipeline and hands on
// what is not its own.
//
//   OPTIONS of a bucket or an object    a preflight, answered from the bucket's CORS rules
//   POST of a form to a bucket          an upload (post_object.h)
//   the host of a bucket's website      pages, redirects and error documents (website/site.h)
//   any answer of S3 to an Origin       gets the Access-Control-* headers that the rules allow
//
// The first two have no operation in AWS's model and carry no signature that the pipeline knows.
// Thread-safe: no state. Source: S3 User Guide, "Using cross-origin resource sharing (CORS)".
#pragma once

#include <string>
#include <string_view>

#include "runtime/random.h"
#include "services/s3/logging/access_note.h"
#include "services/s3/s3.h"
#include "wire/http/message.h"
#include "wire/pipeline/directory.h"

namespace millrace::s3 {

// Where a request points, by its host or its path.
struct RequestPlace {
  std::string bucket;  // Empty: nowhere.
  std::string key;     // Empty: the bucket itself.
};
RequestPlace place_of(const http::Request& request);

// Whether S3 is meant: by the signature's scope, or because nothing names another service.
bool is_for_s3(const http::Request& request);

class Front final : public http::Handler {
 public:
  // All outlive this object; `inside` is the pipeline, and `directory` says who decides for S3.
  struct World {
    S3& s3;
    http::Handler& inside;
    const wire::Directory& directory;
    runtime::Random& random;
  };
  explicit Front(World world) : world_(world) {}
  Task<http::Response> handle(http::Request& request) override;

 private:
  Task<http::Response> route(http::Request& request);
  Task<http::Response> answer_logged(http::Request& request, AccessNote note);
  Task<http::Response> visit(http::Request& request, std::string bucket);
  Task<http::Response> answer_browser(http::Request& request, RequestPlace place);
  Task<http::Response> answer(http::Request& request, RequestPlace place);
  void add_cors(const http::Request& request, const RequestPlace& place,
                http::Response& response) const;

  World world_;
};

}  // namespace millrace::s3
