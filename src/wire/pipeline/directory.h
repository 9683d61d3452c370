// Directory: the services of this process, and which of them a request is for.
//
// In this order: the service in the signature's scope (with the API's name or the route telling
// services apart that sign alike); the X-Amz-Target prefix; the service in rpc-v2-cbor's path; the
// version of a query request; the host; and S3, whose anonymous requests name nobody.
// Immutable after construction; safe on any thread. The services outlive it.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "wire/pipeline/bound.h"
#include "wire/protocols/codec.h"
#include "wire/protocols/identify.h"
#include "wire/protocols/router.h"

namespace millrace::wire {

class Directory final {
 public:
  explicit Directory(std::vector<Bound> services);

  struct Entry {
    Bound bound;
    std::unique_ptr<Router> routes;  // Of a REST service; null for the others.
  };

  // The service that `request` is for, or null. `scope_service` is empty for unsigned requests.
  const Entry* find(const RequestParts& request, const Identity& identity,
                    std::string_view scope_service, std::string_view host) const;
  // By the name of the service's folder; null where there is none.
  const Entry* find_by_name(std::string_view name) const;
  std::span<const Entry> entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// The bucket that a virtual-hosted-style S3 request names in its host: `b` of b.localhost,
// b.s3.localhost.localstack.cloud, b.s3.amazonaws.com and b.s3.us-east-1.amazonaws.com, with or
// without a port. Empty for the path style.
std::string_view virtual_host_bucket(std::string_view host);

}  // namespace millrace::wire
