"""IAM and STS through boto3: whoever holds a key is who it says, and nobody else gets in."""

import datetime
import json
import sys
import urllib.request

from raw import identity_request
from server import ACCESS_KEY_ID, ACCOUNT, SECRET_ACCESS_KEY, Server
from tap import Tests, check, equal, refused

tests = Tests()

_UNKNOWN = ("InvalidClientTokenId", "UnrecognizedClientException")
_TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
     "Action": "sts:AssumeRole"}]}
_READ = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::bucket/*"}]}
_SKEW_SECONDS = 3700
_NEEDED = ("iam", "sts")


def _user_with_key(server, name):
    iam = server.client("iam")
    user = iam.create_user(UserName=name)["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return iam, user, (key["AccessKeyId"], key["SecretAccessKey"])


def _session_keys(credentials):
    return (credentials["AccessKeyId"], credentials["SecretAccessKey"],
            credentials["SessionToken"])


def _identity(server, keys):
    answer = server.client("sts", keys=keys).get_caller_identity()
    return answer["Arn"], answer["UserId"], answer["Account"]


@tests.add("root is root", needs=_NEEDED)
def _(server):
    equal(_identity(server, (ACCESS_KEY_ID, SECRET_ACCESS_KEY)),
          (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, ACCOUNT))
    user = server.client("iam").get_user()["User"]
    equal((user["Arn"], user["UserId"]), (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT))


@tests.add("a user signs with its new key at once, and is itself", needs=_NEEDED)
def _(server):
    iam, user, keys = _user_with_key(server, "ann")
    equal(_identity(server, keys), (user["Arn"], user["UserId"], ACCOUNT))
    equal(server.client("iam", keys=keys).get_user()["User"]["UserName"], "ann")
    own = server.client("iam", keys=keys).list_access_keys()["AccessKeyMetadata"]
    equal([key["AccessKeyId"] for key in own], [keys[0]])


@tests.add("a wrong secret, an unknown key and no signature are refused", needs=_NEEDED)
def _(server):
    _, _, keys = _user_with_key(server, "bob")
    refused("SignatureDoesNotMatch", _identity, server, (keys[0], "not-the-secret"))
    refused(_UNKNOWN, _identity, server, ("AKIANOBODYHASTHISKEY", "secret"))
    request = identity_request(server).change(body=b"Action=ListUsers&Version=2010-05-08")
    # Without a signature the host tells the service.
    request.headers.update({"host": "iam.amazonaws.com", "content-length": str(len(request.body))})
    unsigned = request.send()
    equal(unsigned.status, 403, unsigned)
    check("Missing" in unsigned.code, unsigned)
    # And where nothing does, that there is none is said first.
    request = identity_request(server).change(body=b"Action=ListUsers&Version=2010-05-08")
    request.headers.update({"content-length": str(len(request.body))})
    unsigned = request.send()
    equal(unsigned.status, 403, unsigned)
    check("Missing" in unsigned.code, unsigned)


@tests.add("an inactive key is refused at once, and served again when active", needs=_NEEDED)
def _(server):
    iam, user, keys = _user_with_key(server, "carl")
    equal(_identity(server, keys)[0], user["Arn"])
    iam.update_access_key(UserName="carl", AccessKeyId=keys[0], Status="Inactive")
    refused(_UNKNOWN, _identity, server, keys)
    iam.update_access_key(UserName="carl", AccessKeyId=keys[0], Status="Active")
    equal(_identity(server, keys)[0], user["Arn"])


@tests.add("a deleted key is refused at once; so are sessions of a deleted user", needs=_NEEDED)
def _(server):
    iam, user, keys = _user_with_key(server, "dora")
    session = _session_keys(server.client("sts", keys=keys).get_session_token()["Credentials"])
    equal(_identity(server, session)[:2], (user["Arn"], user["UserId"]))
    refused("AccessDenied", server.client("sts", keys=session).get_session_token)
    iam.delete_access_key(UserName="dora", AccessKeyId=keys[0])
    refused(_UNKNOWN, _identity, server, keys)
    equal(_identity(server, session)[0], user["Arn"])
    iam.delete_user(UserName="dora")
    refused(_UNKNOWN, _identity, server, session)
    iam.create_user(UserName="dora")
    refused(_UNKNOWN, _identity, server, session)


@tests.add("a renamed user signs with the same key", needs=_NEEDED)
def _(server):
    iam, user, keys = _user_with_key(server, "eve")
    equal(_identity(server, keys)[0], user["Arn"])
    iam.update_user(UserName="eve", NewUserName="eva", NewPath="/team/")
    equal(_identity(server, keys)[:2], (f"arn:aws:iam::{ACCOUNT}:user/team/eva", user["UserId"]))


@tests.add("an assumed role is itself, with its token only", needs=_NEEDED)
def _(server):
    iam, sts = server.client("iam"), server.client("sts")
    role = iam.create_role(RoleName="trainer", Path="/jobs/",
                           AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]
    equal(role["AssumeRolePolicyDocument"], _TRUST)
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="night", DurationSeconds=900)
    keys = _session_keys(answer["Credentials"])
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/trainer/night"
    user_id = f"{role['RoleId']}:night"
    equal(answer["AssumedRoleUser"], {"Arn": arn, "AssumedRoleId": user_id})
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    check(800 < left.total_seconds() <= 900, left)
    equal(_identity(server, keys), (arn, user_id, ACCOUNT))
    refused(_UNKNOWN, _identity, server, keys[:2])
    refused(_UNKNOWN, _identity, server, (*keys[:2], "another-token"))
    refused("ValidationError", server.client("iam", keys=keys).get_user)
    refused("ValidationError", sts.assume_role, RoleArn=role["Arn"], RoleSessionName="night",
            DurationSeconds=7200)
    refused("AccessDenied", sts.assume_role, RoleSessionName="night",
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/trainer")
    iam.delete_role(RoleName="trainer")
    refused(_UNKNOWN, _identity, server, keys)


@tests.add("documents come back as they went in, from users, roles and policies", needs=_NEEDED)
def _(server):
    iam = server.client("iam")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(_TRUST))
    iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=json.dumps(_READ))
    equal(iam.get_role_policy(RoleName="reader", PolicyName="own")["PolicyDocument"], _READ)
    policy = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(_READ))["Policy"]
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
    equal(version["Document"], _READ)
    iam.attach_role_policy(RoleName="reader", PolicyArn=policy["Arn"])
    refused("DeleteConflict", iam.delete_role, RoleName="reader")
    refused("MalformedPolicyDocument", iam.create_policy, PolicyName="bad", PolicyDocument="{")


@tests.add("paginators see every role once", needs=_NEEDED)
def _(server):
    iam = server.client("iam")
    names = [f"page-{number:02}" for number in range(25)]
    for name in names:
        iam.create_role(RoleName=name, Path="/pages/",
                        AssumeRolePolicyDocument=json.dumps(_TRUST))
    pages = iam.get_paginator("list_roles").paginate(
        PathPrefix="/pages/", PaginationConfig={"PageSize": 10})
    sizes = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    equal([len(page) for page in sizes], [10, 10, 5])
    equal([name for page in sizes for name in page], names)


@tests.add("the aws command creates a role and reads it", needs=_NEEDED)
def _(server):
    made = server.aws("iam", "create-role", "--role-name", "by-command",
                      "--assume-role-policy-document", json.dumps(_TRUST))
    equal(made.returncode, 0, made.stderr)
    read = server.aws("iam", "get-role", "--role-name", "by-command")
    equal(json.loads(read.stdout)["Role"]["AssumeRolePolicyDocument"], _TRUST, read.stderr)


@tests.add("keys outlive kill -9", needs=_NEEDED)
def _(server):
    _, user, keys = _user_with_key(server, "fay")
    session = _session_keys(server.client("sts", keys=keys).get_session_token()["Credentials"])
    server.kill()
    server.start()
    equal(_identity(server, keys)[0], user["Arn"])
    equal(_identity(server, session)[0], user["Arn"])


# The last one: the server's clock is ahead of this machine's from here on.
@tests.add("a session is refused as expired when its time is over", needs=_NEEDED)
def _(server):
    session = _session_keys(server.client("sts").get_session_token(DurationSeconds=3600)
                            ["Credentials"])
    request = urllib.request.Request(
        f"{server.url}/_millrace/clock?advance={_SKEW_SECONDS}", method="POST")
    urllib.request.urlopen(request, timeout=10).close()

    def ask(key, secret, token=None):
        asking = identity_request(server).change(key=key, secret=secret)
        if token:
            asking.headers["x-amz-security-token"] = token
        return asking.sign().send()

    equal(ask(ACCESS_KEY_ID, SECRET_ACCESS_KEY).status, 200)
    answer = ask(*session)
    equal((answer.status, answer.code), (403, "ExpiredToken"), answer)


if __name__ == "__main__":
    with Server() as shared:
        sys.exit(tests.run(shared, services=shared.services()))
