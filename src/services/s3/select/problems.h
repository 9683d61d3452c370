// The errors of SelectObjectContent: codes and texts are AWS's, and the place where a text names
// it. Source: S3 API Reference, "List of SELECT Object Content error codes".
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::s3::select {

// With AWS's text for the code, unless there is another one. Codes without a text here are wrong.
Error select_error(std::string_view code, std::string message = {});

// "line 1, column 8" of a place in the expression.
std::string place_of(std::string_view expression, size_t position);

}  // namespace millrace::s3::select
