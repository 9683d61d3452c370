"""The configurations of a bucket through boto3: what is put is what is got."""

import datetime
import sys

from server import ACCOUNT, Server
from tap import Tests, equal, refused

tests = Tests()

_NEEDED = ("s3",)
_QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue"


def _bucket(server, name):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    return s3


def _without(answer, *names):
    return {key: value for key, value in answer.items()
            if key not in ("ResponseMetadata", *names)}


@tests.add("tags", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "tags")
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket="tags")
    tags = {"TagSet": [{"Key": "team", "Value": "shop"}, {"Key": "a b", "Value": ""}]}
    s3.put_bucket_tagging(Bucket="tags", Tagging=tags)
    equal(_without(s3.get_bucket_tagging(Bucket="tags")), tags)
    s3.delete_bucket_tagging(Bucket="tags")
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket="tags")


@tests.add("CORS rules", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "cors")
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket="cors")
    rules = {"CORSRules": [{"ID": "x", "AllowedOrigins": ["http://*.a", "*"],
                            "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"],
                            "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 3000},
                           {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]}]}
    s3.put_bucket_cors(Bucket="cors", CORSConfiguration=rules)
    equal(_without(s3.get_bucket_cors(Bucket="cors")), rules)
    s3.delete_bucket_cors(Bucket="cors")
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket="cors")


@tests.add("a website", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "site")
    refused("NoSuchWebsiteConfiguration", s3.get_bucket_website, Bucket="site")
    website = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"},
               "RoutingRules": [{"Condition": {"KeyPrefixEquals": "docs/"},
                                 "Redirect": {"ReplaceKeyPrefixWith": "documents/"}}]}
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration=website)
    equal(_without(s3.get_bucket_website(Bucket="site")), website)
    s3.delete_bucket_website(Bucket="site")
    refused("NoSuchWebsiteConfiguration", s3.get_bucket_website, Bucket="site")


@tests.add("a lifecycle, by either name of the operation", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "life")
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket="life")
    date = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
    rules = [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "logs/"},
              "Expiration": {"Days": 365},
              "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"},
                              {"Days": 60, "StorageClass": "GLACIER"}]},
             {"ID": "b", "Status": "Disabled", "Filter": {"And": {
                 "Prefix": "x", "Tags": [{"Key": "k", "Value": "v"}]}},
              "Expiration": {"Date": date}},
             {"ID": "c", "Status": "Enabled", "Filter": {"Prefix": ""},
              "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
              "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}]
    s3.put_bucket_lifecycle_configuration(Bucket="life", LifecycleConfiguration={"Rules": rules})
    equal(s3.get_bucket_lifecycle_configuration(Bucket="life")["Rules"], rules)
    s3.delete_bucket_lifecycle(Bucket="life")
    old = [{"ID": "o", "Status": "Enabled", "Prefix": "p", "Expiration": {"Days": 3}}]
    s3.put_bucket_lifecycle(Bucket="life", LifecycleConfiguration={"Rules": old})
    equal(s3.get_bucket_lifecycle(Bucket="life")["Rules"], old)


@tests.add("notifications", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "told")
    equal(_without(s3.get_bucket_notification_configuration(Bucket="told")), {})
    wanted = {"QueueConfigurations": [{
        "Id": "q", "QueueArn": _QUEUE, "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"},
                                           {"Name": "Suffix", "Value": ".csv"}]}}}],
        "EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration=wanted)
    equal(_without(s3.get_bucket_notification_configuration(Bucket="told")), wanted)
    twice = {"QueueConfigurations": [{"QueueArn": _QUEUE, "Events": ["s3:ObjectCreated:*"]}] * 2}
    refused("InvalidArgument", s3.put_bucket_notification_configuration, Bucket="told",
            NotificationConfiguration=twice)
    s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration={})
    equal(_without(s3.get_bucket_notification_configuration(Bucket="told")), {})


@tests.add("request payment and acceleration", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "paid")
    equal(s3.get_bucket_request_payment(Bucket="paid")["Payer"], "BucketOwner")
    s3.put_bucket_request_payment(Bucket="paid",
                                  RequestPaymentConfiguration={"Payer": "Requester"})
    equal(s3.get_bucket_request_payment(Bucket="paid")["Payer"], "Requester")
    equal(_without(s3.get_bucket_accelerate_configuration(Bucket="paid")), {})
    refused("NotImplemented", s3.put_bucket_accelerate_configuration, Bucket="paid",
            AccelerateConfiguration={"Status": "Enabled"})


@tests.add("configurations survive kill -9, and end with their bucket", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "kept")
    s3.put_bucket_tagging(Bucket="kept", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    server.kill()
    server.start()
    s3 = server.client("s3")
    equal(s3.get_bucket_tagging(Bucket="kept")["TagSet"], [{"Key": "a", "Value": "b"}])
    s3.delete_bucket(Bucket="kept")
    s3.create_bucket(Bucket="kept")
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket="kept")


if __name__ == "__main__":
    with Server() as shared:
        sys.exit(tests.run(shared, services=shared.services()))
