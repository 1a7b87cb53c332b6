"""The calls of e2e/sim/try_google_auth. Prints three access tokens that may pull; fails where an answer is
not what Google would give."""

import datetime
import os
import sys

import google.auth
import google.auth.exceptions
import google.auth.transport.requests
import google.oauth2.credentials
from google.auth import compute_engine, identity_pool, impersonated_credentials

from cluster_token import service_account_token

WORK = os.environ["WORK"]
POOL = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters"
PROVIDER = f"{POOL}/providers/demo"
ACCOUNT = "pull-payments@acme-images.iam.gserviceaccount.com"
READ_ONLY = "https://www.googleapis.com/auth/cloud-platform.read-only"
request = google.auth.transport.requests.Request()


def endpoint(account):
    return ("https://127.0.0.1:18282/v1/projects/-/serviceAccounts/"
            f"{account}:generateAccessToken")


def external(account=None, provider=PROVIDER, scope=READ_ONLY, **token):
    """An external account whose subject token is a file, as a projected volume is."""
    path = f"{WORK}/subject.token"
    with open(path, "w") as file:
        file.write(service_account_token(f"{WORK}/issuer.key",
                                         token.pop("audience", "sts.googleapis.com"), **token))
    return identity_pool.Credentials(
        audience=provider, subject_token_type="urn:ietf:params:oauth:token-type:jwt",
        token_url="https://127.0.0.1:18281/v1/token", credential_source={"file": path},
        service_account_impersonation_url=endpoint(account) if account else None, scopes=[scope])


def impersonated(source, account=ACCOUNT, **parameters):
    return impersonated_credentials.Credentials(
        source_credentials=source, target_principal=account, target_scopes=[READ_ONLY],
        iam_endpoint_override=endpoint(account), **parameters)


def refreshed(credentials):
    credentials.refresh(request)
    left = credentials.expiry - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    if not datetime.timedelta(minutes=55) < left <= datetime.timedelta(hours=1):
        sys.exit(f"{type(credentials).__module__}: the token ends in {left}")
    return credentials


def expect_error(text, credentials):
    try:
        credentials.refresh(request)
    except google.auth.exceptions.GoogleAuthError as error:
        if text in str(error):
            return
        sys.exit(f"expected {text}, but: {error}")
    sys.exit(f"expected {text}, but the call succeeded")


def main():
    node = refreshed(compute_engine.Credentials())
    if node.service_account_email != "node@acme-cluster.iam.gserviceaccount.com":
        sys.exit(f"the node is {node.service_account_email}")
    by_node = refreshed(impersonated(node, lifetime=3600))
    expect_error("PERMISSION_DENIED",
                 impersonated(node, "pull-nobody@acme-images.iam.gserviceaccount.com"))
    expect_error("NOT_FOUND", impersonated(node, "gone@acme-images.iam.gserviceaccount.com"))
    expect_error("INVALID_ARGUMENT", impersonated(node, lifetime=7200))
    # What may only read may not impersonate.
    expect_error("insufficient authentication scopes",
                 impersonated(google.oauth2.credentials.Credentials(by_node.token)))

    by_cluster = refreshed(external(ACCOUNT))
    # With the read-only scope the federated token itself is good for pulling, and for nothing else.
    direct = refreshed(external())
    expect_error("does not match the expected audience", external(audience="vault"))
    expect_error("Invalid JWT signature", tampered(external()))
    expect_error("stale to sign-in", external(life=-30))
    expect_error("does not match the expected ones", external(issuer="https://elsewhere"))
    expect_error("rejected by the attribute condition",
                 external(subject="system:serviceaccount:default:default"))
    expect_error("invalid_target", external(provider=f"{POOL}/providers/gone"))
    expect_error("PERMISSION_DENIED",
                 external("pull-nobody@acme-images.iam.gserviceaccount.com"))
    print(by_node.token, by_cluster.token, direct.token, sep="\n")


def tampered(credentials):
    path = f"{WORK}/subject.token"
    with open(path) as file:
        header, claims, signature = file.read().split(".")
    with open(path, "w") as file:
        file.write(".".join([header, claims, signature[::-1]]))
    return credentials


main()
