"""Puts into moto what an AWS administrator would: a user who may assume roles, roles, and one that may
not ask for ECR passwords; and what FILEs of `kubectl tenancy policy` print, the second one without
ecr:GetAuthorizationToken. Prints shell assignments."""

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


def add_user(iam, user, document):
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    name = user.replace("-", "_")
    print(f"{name}_id={key['AccessKeyId']}")
    print(f"{name}_secret='{key['SecretAccessKey']}'")


def add_role(iam, role, trust_policy, document):
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust_policy)
    iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=document)


def add_printed(iam, file, all_of_it):
    role = json.load(open(file))["roles"][0]
    if not all_of_it:
        role["rolePolicy"]["Statement"] = [
            one for one in role["rolePolicy"]["Statement"]
            if one["Action"] != "ecr:GetAuthorizationToken"]
    add_user(iam, role["caller"].split("/")[1], json.dumps(role["callerPolicy"]))
    add_role(iam, role["role"].split("/")[1], json.dumps(role["trustPolicy"]),
             json.dumps(role["rolePolicy"]))


def main():
    iam = boto3.client("iam", region_name="eu-central-1", endpoint_url=ENDPOINT,
                       aws_access_key_id="setup", aws_secret_access_key="setup")
    for user, actions in (("registry-tenancy", ["sts:AssumeRole", "sts:TagSession"]),
                          ("powerless", ["s3:ListAllMyBuckets"])):
        add_user(iam, user, policy(*actions))
    pull = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
            "ecr:BatchCheckLayerAvailability"]
    for role, external_id, actions in (("ecr-payments", "demo", pull),
                                       ("ecr-other-external-id", "other", pull),
                                       ("ecr-without-token", "demo", ["ecr:BatchGetImage"])):
        add_role(iam, role, trust(external_id), policy(*actions))
    add_printed(iam, sys.argv[2], True)
    add_printed(iam, sys.argv[3], False)


main()
