"""Puts into moto what an AWS administrator would: a user who may assume roles, roles, and one that may
not ask for ECR passwords. Prints shell assignments."""

import json
import sys

import boto3

ENDPOINT = sys.argv[1]
ACCOUNT = "123456789012"


def policy(*actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


def trust(external_id):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/registry-tenancy"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}}}]})


def main():
    iam = boto3.client("iam", region_name="eu-central-1", endpoint_url=ENDPOINT,
                       aws_access_key_id="setup", aws_secret_access_key="setup")
    for user, actions in (("registry-tenancy", ["sts:AssumeRole", "sts:TagSession"]),
                          ("powerless", ["s3:ListAllMyBuckets"])):
        iam.create_user(UserName=user)
        iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=policy(*actions))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        name = user.replace("-", "_")
        print(f"{name}_id={key['AccessKeyId']}")
        print(f"{name}_secret='{key['SecretAccessKey']}'")
    pull = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
            "ecr:BatchCheckLayerAvailability"]
    for role, external_id, actions in (("ecr-payments", "demo", pull),
                                       ("ecr-other-external-id", "other", pull),
                                       ("ecr-without-token", "demo", ["ecr:BatchGetImage"])):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(external_id))
        iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=policy(*actions))


main()
