"""The calls of e2e/sim/try_boto3. Prints USER:PASSWORD of the registry; fails where an answer is not
what AWS would give."""

import base64
import json
import os
import sys
import time

import boto3
import botocore.exceptions

from cluster_token import service_account_token

REGION = "eu-central-1"
ROLE = "arn:aws:iam::111122223333:role/ecr-payments"
BASE_ROLE = "arn:aws:iam::444455556666:role/registry-tenancy"
WORK = os.environ["WORK"]
POLICY = json.dumps({
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow",
         "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer"],
         "Resource": f"arn:aws:ecr:{REGION}:111122223333:repository/payments/*"},
    ],
})


def client(service, port, session):
    return session.client(service, region_name=REGION, endpoint_url=f"https://127.0.0.1:{port}",
                          verify=f"{WORK}/crt.pem")


def session_of(credentials):
    return boto3.Session(aws_access_key_id=credentials["AccessKeyId"],
                         aws_secret_access_key=credentials["SecretAccessKey"],
                         aws_session_token=credentials.get("SessionToken"))


def expect_error(code, call, **parameters):
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        found = error.response["Error"]["Code"]
        if found == code:
            return
        sys.exit(f"expected {code}, but: {error}")
    sys.exit(f"expected {code}, but the call succeeded")


def main():
    node = boto3.Session()  # nothing configured: the SDK goes to the metadata service by itself
    sts = client("sts", 18181, node)
    arn = sts.get_caller_identity()["Arn"]
    if arn != "arn:aws:sts::444455556666:assumed-role/eks-node/i-0simulated0000001":
        sys.exit(f"the node is {arn}")
    parameters = {"RoleArn": ROLE, "RoleSessionName": "demo.payments-prod", "ExternalId": "demo",
                  "Policy": POLICY, "Tags": [{"Key": "kubernetes-namespace",
                                              "Value": "payments-prod"}]}
    answer = sts.assume_role(**parameters)
    if answer["PackedPolicySize"] <= 0 or "Expiration" not in answer["Credentials"]:
        sys.exit(f"AssumeRole says {answer}")
    expect_error("AccessDenied", sts.assume_role, **{**parameters, "ExternalId": "other"})
    expect_error("ValidationError", sts.assume_role, **{**parameters, "DurationSeconds": 7200})
    wrong = client("sts", 18181, session_of({"AccessKeyId": "AKIASIMULATED0000001",
                                             "SecretAccessKey": "wrong"}))
    expect_error("SignatureDoesNotMatch", wrong.assume_role, **parameters)

    base = sts.assume_role_with_web_identity(
        RoleArn=BASE_ROLE, RoleSessionName="demo.operator",
        WebIdentityToken=service_account_token(f"{WORK}/issuer.key", "sts.amazonaws.com"))
    expect_error("AccessDenied", sts.assume_role_with_web_identity, RoleArn=BASE_ROLE,
                 RoleSessionName="demo.operator", WebIdentityToken=service_account_token(f"{WORK}/issuer.key", "vault"))
    chained = client("sts", 18181, session_of(base["Credentials"])).assume_role(**parameters)

    ecr = client("ecr", 18182, session_of(chained["Credentials"]))
    data = ecr.get_authorization_token()["authorizationData"][0]
    if not 11 * 3600 < data["expiresAt"].timestamp() - time.time() <= 12 * 3600 + 1:
        sys.exit(f"the password ends at {data['expiresAt']}")
    expect_error("AccessDeniedException",
                 client("ecr", 18182, session_of(base["Credentials"])).get_authorization_token)
    print(base64.b64decode(data["authorizationToken"]).decode())


main()
