// Browser uploads: POST of a form with a file to a bucket. The form carries what is signed, so this
// stands before the pipeline, which knows signatures of requests only.
// Source: S3 API Reference, "POST Object". Errors: those of S3, in the answer.
#pragma once

#include "services/s3/s3.h"
#include "wire/http/message.h"
#include "wire/pipeline/bound.h"

namespace millrace::s3 {

// Whether the request is one, by its method and type.
bool is_form_upload(const http::Request& request);

struct FormUpload {
  http::Request* request;
  std::string bucket;
  std::string request_id;
  const wire::Bound* bound;  // S3's: its policies decide, as on a PutObject of the key.
};

// Keeps the file as an object. `s3`, the request and `bound` outlive the task.
Task<http::Response> post_object(S3& s3, FormUpload form);

}  // namespace millrace::s3
