// ChannelServer: answers the programs of training jobs that ask for pieces of their channels
// (services/sagemaker/training/channel_data.h), over a unix-domain socket that only jobs see.
//
//   GET /<job>/<channel>?bucket=…&key=…&etag=…&offset=…&size=…   Authorization: <token>
//
// 200 with the bytes; else the cause as text: 403 (denied), 404 (gone), 412 (replaced), 400 (no
// such request), 503 (this machine's account: it is asked again). Thread-safe.
#pragma once

#include "services/sagemaker/sagemaker.h"
#include "wire/http/message.h"

namespace millrace::app {

class ChannelServer final : public http::Handler {
 public:
  explicit ChannelServer(sagemaker::Sagemaker& sm) : sm_(sm) {}
  Task<http::Response> handle(http::Request& request) override;

 private:
  sagemaker::Sagemaker& sm_;
};

}  // namespace millrace::app
