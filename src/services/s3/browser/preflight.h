// Preflights: whether a browser may send a request that it has not sent yet.
// Source: S3 API Reference, "OPTIONS object". Errors: AccessForbidden, BadRequest, with AWS's
// texts.
#pragma once

#include "services/s3/browser/front.h"
#include "services/s3/s3.h"
#include "wire/http/message.h"

namespace millrace::s3 {

Result<http::Response> answer_preflight(const S3& s3, const http::Request& request,
                                        const RequestPlace& place);

}  // namespace millrace::s3
