"""The calls of e2e/sim/try_alibaba_sdk. Prints USER:PASSWORD of the registry; fails where an answer is
not what Alibaba Cloud would give."""

import json
import os
import sys
import time
import urllib.request

from alibabacloud_cr20181201.client import Client as CrClient
from alibabacloud_cr20181201 import models as cr_models
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_sts20150401 import models as sts_models
from alibabacloud_tea_openapi.utils_models import Config

from cluster_token import service_account_token

ROLE = "acs:ram::1146716667364888:role/acr-cainiao"
BASE_ROLE = "acs:ram::1284387915995949:role/registry-tenancy"
ROLE_OF_BASE = "acs:ram::1146716667364888:role/acr-by-operator"
PROVIDER = "acs:ram::1284387915995949:oidc-provider/ack-rrsa-demo"
INSTANCE = "cri-shanghai-shared01"
METADATA = "http://127.0.0.1:18280/latest"
WORK = os.environ["WORK"]
POLICY = json.dumps({
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "cr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": "cr:PullRepository",
         "Resource": f"acs:cr:cn-shanghai:1146716667364888:repository/{INSTANCE}/cainiao/*"},
    ],
})


def node_credentials():
    """The SDKs know the metadata service's address by heart, so this is asked without them."""
    put = urllib.request.Request(f"{METADATA}/api/token", method="PUT",
                                 headers={"X-aliyun-ecs-metadata-token-ttl-seconds": "60"})
    token = urllib.request.urlopen(put, timeout=5).read().decode()

    def get(path):
        request = urllib.request.Request(f"{METADATA}/meta-data/ram/security-credentials/{path}",
                                         headers={"X-aliyun-ecs-metadata-token": token})
        return urllib.request.urlopen(request, timeout=5).read().decode()

    answer = json.loads(get(get("")))
    return answer["AccessKeyId"], answer["AccessKeySecret"], answer["SecurityToken"]


def client(kind, port, keys):
    return kind(Config(access_key_id=keys[0], access_key_secret=keys[1], security_token=keys[2],
                       endpoint=f"127.0.0.1:{port}", protocol="HTTPS", ca=f"{WORK}/crt.pem",
                       connect_timeout=5000, read_timeout=10000))


def expect_error(code, call, request):
    try:
        call(request)
    except Exception as error:  # each SDK has an error class of its own
        found = getattr(error, "code", None)
        if found == code:
            return
        sys.exit(f"expected {code}, but: {error!r}")
    sys.exit(f"expected {code}, but the call succeeded")


def assume_role(**changes):
    return sts_models.AssumeRoleRequest(**{
        "role_arn": ROLE, "role_session_name": "demo.cainiao-prod", "external_id": "demo",
        "policy": POLICY, "duration_seconds": 3600, **changes})


def assume_base_role(sts, audience="sts.aliyuncs.com"):
    """RRSA: no key signs this call, the token is all."""
    return sts.assume_role_with_oidc(sts_models.AssumeRoleWithOIDCRequest(
        oidcprovider_arn=PROVIDER, role_arn=BASE_ROLE, role_session_name="demo.operator",
        oidctoken=service_account_token(f"{WORK}/issuer.key", audience))).body.credentials


def keys_of(session):
    return session.access_key_id, session.access_key_secret, session.security_token


def main():
    keys = node_credentials()
    sts = client(StsClient, 18281, keys)
    arn = sts.get_caller_identity().body.arn
    if not arn.startswith("acs:ram::") or "kubernetesworkerrole" not in arn:
        sys.exit(f"the node is {arn}")
    session = sts.assume_role(assume_role()).body.credentials
    expect_error("NoPermission", sts.assume_role, assume_role(external_id="other"))
    expect_error("InvalidParameter.DurationSeconds", sts.assume_role,
                 assume_role(duration_seconds=60))
    wrong = client(StsClient, 18281, ("LTAI5tSimulatedKey0001", "wrong", ""))
    expect_error("SignatureDoesNotMatch", wrong.assume_role, assume_role())

    base = client(StsClient, 18281, keys_of(assume_base_role(sts)))
    expect_error("NoPermission", base.assume_role, assume_role())  # that one trusts the node
    base.assume_role(assume_role(role_arn=ROLE_OF_BASE))
    expect_error("AuthenticationFail.OIDCToken.AudienceNotMatch",
                 lambda audience: assume_base_role(sts, audience), "vault")

    request = cr_models.GetAuthorizationTokenRequest(instance_id=INSTANCE)
    answer = client(CrClient, 18282, keys_of(session)).get_authorization_token(request).body
    if not answer.is_success or not 0 < answer.expire_time / 1000 - time.time() <= 3601:
        sys.exit(f"GetAuthorizationToken says {answer.to_map()}")
    print(f"{answer.temp_username}:{answer.authorization_token}")


main()
