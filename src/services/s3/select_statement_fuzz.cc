// No expression may do more than be refused, and what is translated is not without bounds.
#include <cstddef>
#include <cstdint>

#include "services/s3/select/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::s3;
  if (size == 0) return 0;
  select::Source source;
  source.format = static_cast<select::Format>(data[0] % 3);
  source.table = "t";
  if (source.format != select::Format::json)
    source.columns = {{"id", "BIGINT"}, {"b c", "VARCHAR"}};
  source.header = (data[0] & 8) != 0;
  const std::string_view expression(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto out = select::translate(expression, source, (data[0] & 16) != 0, Time());
  ASSERT(!out || (!out->columns.empty() && out->sql.size() < (size_t{8} << 20)));
  return 0;
}
