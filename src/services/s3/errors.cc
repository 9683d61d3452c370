#include "services/s3/errors.h"

#include <algorithm>
#include <array>

namespace millrace::s3 {
namespace {

struct Row {
  Problem problem;
  ErrorKind kind;
  int status;
  std::string_view code;
  std::string_view message;
};

constexpr std::array kRows = {
    Row{Problem::access_denied, ErrorKind::denied, 403, "AccessDenied", "Access Denied"},
    Row{Problem::access_forbidden, ErrorKind::denied, 403, "AccessForbidden",
        "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
        "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers "
        "are not whitelisted by the resource's CORS spec."},
    Row{Problem::bad_digest, ErrorKind::invalid, 400, "BadDigest",
        "The checksum you specified did not match the calculated checksum."},
    Row{Problem::bad_request, ErrorKind::invalid, 400, "BadRequest",
        "Object tags cannot be greater than 10"},
    Row{Problem::bucket_already_exists, ErrorKind::already_exists, 409, "BucketAlreadyExists",
        "The requested bucket name is not available. The bucket namespace is shared by all users "
        "of the system. Please select a different name and try again."},
    Row{Problem::bucket_already_owned_by_you, ErrorKind::already_exists, 409,
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it."},
    Row{Problem::bucket_not_empty, ErrorKind::conflict, 409, "BucketNotEmpty",
        "The bucket you tried to delete is not empty"},
    Row{Problem::cross_location_logging_prohibited, ErrorKind::denied, 403,
        "CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed."},
    Row{Problem::encryption_configuration_not_found, ErrorKind::not_found, 404,
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found"},
    Row{Problem::entity_too_large, ErrorKind::invalid, 400, "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size"},
    Row{Problem::entity_too_small, ErrorKind::invalid, 400, "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size"},
    Row{Problem::id_mismatch, ErrorKind::invalid, 400, "IdMismatch",
        "Document ID does not match the specified configuration ID."},
    Row{Problem::illegal_location_constraint, ErrorKind::invalid, 400,
        "IllegalLocationConstraintException",
        "The unspecified location constraint is incompatible for the region specific endpoint this "
        "request was sent to."},
    Row{Problem::incomplete_body, ErrorKind::invalid, 400, "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header"},
    Row{Problem::invalid_argument, ErrorKind::invalid, 400, "InvalidArgument", "Invalid Argument"},
    Row{Problem::invalid_bucket_acl, ErrorKind::invalid, 400, "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"},
    Row{Problem::invalid_bucket_name, ErrorKind::invalid, 400, "InvalidBucketName",
        "The specified bucket is not valid."},
    Row{Problem::invalid_bucket_state, ErrorKind::conflict, 409, "InvalidBucketState",
        "The request is not valid with the current state of the bucket."},
    Row{Problem::invalid_configuration_id, ErrorKind::invalid, 400, "InvalidConfigurationId",
        "The specified configuration ID is invalid."},
    Row{Problem::invalid_encryption_algorithm, ErrorKind::invalid, 400,
        "InvalidEncryptionAlgorithmError",
        "The Encryption request you specified is not valid. Supported value: AES256."},
    Row{Problem::invalid_location_constraint, ErrorKind::invalid, 400, "InvalidLocationConstraint",
        "The specified location-constraint is not valid"},
    Row{Problem::invalid_part, ErrorKind::invalid, 400, "InvalidPart",
        "One or more of the specified parts could not be found.  The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag."},
    Row{Problem::invalid_part_number, ErrorKind::invalid, 416, "InvalidPartNumber",
        "The requested partnumber is not satisfiable"},
    Row{Problem::invalid_part_order, ErrorKind::invalid, 400, "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number."},
    Row{Problem::invalid_object_state, ErrorKind::denied, 403, "InvalidObjectState",
        "The operation is not valid for the object's storage class"},
    Row{Problem::invalid_policy_document, ErrorKind::invalid, 400, "InvalidPolicyDocument",
        "The content of the form does not meet the conditions specified in the policy document."},
    Row{Problem::invalid_range, ErrorKind::invalid, 416, "InvalidRange",
        "The requested range is not satisfiable"},
    Row{Problem::invalid_request, ErrorKind::invalid, 400, "InvalidRequest", "Invalid Request"},
    Row{Problem::invalid_retention_period, ErrorKind::invalid, 400, "InvalidRetentionPeriod",
        "The retention period specified in the request must be a positive integer."},
    Row{Problem::invalid_s3_destination_bucket, ErrorKind::invalid, 400,
        "InvalidS3DestinationBucket", "The specified bucket ARN is not valid."},
    Row{Problem::invalid_storage_class, ErrorKind::invalid, 400, "InvalidStorageClass",
        "The storage class you specified is not valid"},
    Row{Problem::invalid_tag, ErrorKind::invalid, 400, "InvalidTag",
        "The TagKey you have provided is invalid"},
    Row{Problem::invalid_target_bucket_for_logging, ErrorKind::invalid, 400,
        "InvalidTargetBucketForLogging",
        "The target bucket for logging does not exist, is not owned by you, or does not have the "
        "appropriate grants for the log-delivery group."},
    Row{Problem::invalid_uri, ErrorKind::invalid, 400, "InvalidURI",
        "Couldn't parse the specified URI."},
    Row{Problem::key_too_long, ErrorKind::invalid, 400, "KeyTooLongError", "Your key is too long"},
    Row{Problem::malformed_post_request, ErrorKind::invalid, 400, "MalformedPOSTRequest",
        "The body of your POST request is not well-formed multipart/form-data."},
    Row{Problem::malformed_xml, ErrorKind::invalid, 400, "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published "
        "schema"},
    Row{Problem::max_post_pre_data_length_exceeded, ErrorKind::invalid, 400,
        "MaxPostPreDataLengthExceededError",
        "Your POST request fields preceding the upload file were too large."},
    Row{Problem::metadata_too_large, ErrorKind::invalid, 400, "MetadataTooLarge",
        "Your metadata headers exceed the maximum allowed metadata size"},
    Row{Problem::method_not_allowed, ErrorKind::invalid, 405, "MethodNotAllowed",
        "The specified method is not allowed against this resource."},
    Row{Problem::missing_content_length, ErrorKind::invalid, 411, "MissingContentLength",
        "You must provide the Content-Length HTTP header."},
    Row{Problem::missing_request_body, ErrorKind::invalid, 400, "MissingRequestBodyError",
        "Request Body is empty"},
    Row{Problem::no_such_bucket, ErrorKind::not_found, 404, "NoSuchBucket",
        "The specified bucket does not exist"},
    Row{Problem::no_such_configuration, ErrorKind::not_found, 404, "NoSuchConfiguration",
        "The specified configuration does not exist."},
    Row{Problem::no_such_cors_configuration, ErrorKind::not_found, 404, "NoSuchCORSConfiguration",
        "The CORS configuration does not exist"},
    Row{Problem::no_such_key, ErrorKind::not_found, 404, "NoSuchKey",
        "The specified key does not exist."},
    Row{Problem::no_such_lifecycle_configuration, ErrorKind::not_found, 404,
        "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"},
    Row{Problem::no_such_object_lock_configuration, ErrorKind::not_found, 404,
        "NoSuchObjectLockConfiguration",
        "The specified object does not have a ObjectLock configuration"},
    Row{Problem::no_such_tag_set, ErrorKind::not_found, 404, "NoSuchTagSet",
        "The TagSet does not exist"},
    Row{Problem::no_such_upload, ErrorKind::not_found, 404, "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
        "been aborted or completed."},
    Row{Problem::no_such_version, ErrorKind::not_found, 404, "NoSuchVersion",
        "The specified version does not exist."},
    Row{Problem::no_such_website_configuration, ErrorKind::not_found, 404,
        "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"},
    Row{Problem::not_implemented, ErrorKind::unsupported, 501, "NotImplemented",
        "A header you provided implies functionality that is not implemented"},
    Row{Problem::not_modified, ErrorKind::precondition_failed, 304, "NotModified", "Not Modified"},
    Row{Problem::object_lock_configuration_not_found, ErrorKind::not_found, 404,
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket"},
    Row{Problem::precondition_failed, ErrorKind::precondition_failed, 412, "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold"},
    Row{Problem::replication_configuration_not_found, ErrorKind::not_found, 404,
        "ReplicationConfigurationNotFoundError", "The replication configuration was not found"},
    Row{Problem::request_timeout, ErrorKind::deadline, 400, "RequestTimeout",
        "Your socket connection to the server was not read from or written to within the timeout "
        "period. Idle connections will be closed."},
    Row{Problem::restore_already_in_progress, ErrorKind::conflict, 409, "RestoreAlreadyInProgress",
        "Object restore is already in progress"},
    Row{Problem::too_many_buckets, ErrorKind::exhausted, 400, "TooManyBuckets",
        "You have attempted to create more buckets than allowed"},
    Row{Problem::too_many_configurations, ErrorKind::exhausted, 400, "TooManyConfigurations",
        "You are attempting to create a new configuration but have already reached the "
        "1,000-configuration limit."},
};

}  // namespace

Error problem(Problem what, Details details, std::string_view message) {
  const auto* const row = std::ranges::find(kRows, what, &Row::problem);
  ASSERT(row != kRows.end());
  Error out{row->kind, std::string(message.empty() ? row->message : message),
            std::string(row->code), row->status};
  out.details = std::move(details);
  return out;
}

Error invalid_argument(std::string_view message, std::string_view name, std::string_view value) {
  Details details{{"ArgumentName", std::string(name)}, {"ArgumentValue", std::string(value)}};
  return problem(Problem::invalid_argument, std::move(details), message);
}

Error invalid_request(std::string_view message) {
  return problem(Problem::invalid_request, {}, message);
}

Error not_implemented(std::string_view what) {
  return problem(Problem::not_implemented, {},
                 std::string(what) + " is not implemented by Millrace");
}

}  // namespace millrace::s3
