// LocalApi: what AWS has no name for, under /_millrace/.
//
//   GET  /_millrace/health  {"status":"ok","version":…,"pid":…,"services":[…],…}; unsigned
//   GET  /_millrace/clock   {"now":…}; unsigned
//   GET  /_millrace/events  what has happened (event_record.h); where the instance is scratch
//   POST /_millrace/clock?advance=<seconds>  moves the clock forward; where the instance is scratch
#pragma once

#include <string>
#include <vector>

#include "app/event_record.h"
#include "runtime/clock.h"
#include "wire/http/message.h"

namespace millrace::app {

class LocalApi final : public http::Handler {
 public:
  LocalApi(runtime::Clock& clock, std::vector<std::string> services, const EventRecord& events,
           bool scratch);
  Task<http::Response> handle(http::Request& request) override;

 private:
  runtime::Clock& clock_;
  std::vector<std::string> services_;
  const EventRecord& events_;
  bool scratch_;
  Time started_;
};

}  // namespace millrace::app
