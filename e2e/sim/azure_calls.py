"""The calls of e2e/sim/try_azure_identity; fails where an answer is not what Azure would give."""

import base64
import json
import logging
import os
import subprocess
import sys
import time

import requests
from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import (ClientAuthenticationError, HttpResponseError,
                                   ResourceNotFoundError)
from azure.identity import (ClientSecretCredential, CredentialUnavailableError,
                            ManagedIdentityCredential, WorkloadIdentityCredential)
from azure.mgmt.containerregistry import ContainerRegistryManagementClient

TENANT = "11111111-aaaa-4bbb-8ccc-000000000001"
AUTHORITY = "https://127.0.0.1:18191"
REGISTRY = "https://127.0.0.1:18193"
AUDIENCE = "https://containerregistry.azure.net"
SCOPE = f"{AUDIENCE}/.default"
WORK = os.environ["WORK"]


def client_id(number):
    return f"a0000000-0000-4000-8000-{number:012d}"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def service_account_token(audience, subject="registry-tenancy-system:registry-tenancy-operator"):
    """ES256, as the API server signs; openssl writes DER, JWS wants r and s of 32 bytes each."""
    header = base64url(json.dumps({"alg": "ES256"}).encode())
    now = int(time.time())
    claims = base64url(json.dumps({
        "iss": "https://kubernetes.default.svc.cluster.local", "aud": [audience],
        "sub": f"system:serviceaccount:{subject}", "iat": now, "exp": now + 600}).encode())
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", f"{WORK}/issuer.key"],
                         input=f"{header}.{claims}".encode(), capture_output=True,
                         check=True).stdout
    r_size = der[3]
    r, s = der[4:4 + r_size], der[6 + r_size:]
    signature = b"".join(part[-32:].rjust(32, b"\0") for part in (r, s))
    return f"{header}.{claims}.{base64url(signature)}"


def workload(number, audience="api://AzureADTokenExchange", **claims):
    path = f"{WORK}/token-{number}"
    with open(path, "w", encoding="ascii") as file:
        file.write(service_account_token(audience, **claims))
    return WorkloadIdentityCredential(tenant_id=TENANT, client_id=client_id(number),
                                      token_file_path=path, authority=AUTHORITY,
                                      disable_instance_discovery=True)


def secret(number, value):
    return ClientSecretCredential(TENANT, client_id(number), value, authority=AUTHORITY,
                                  disable_instance_discovery=True)


def expect_token(credential):
    token = credential.get_token(SCOPE)
    if not 0 < token.expires_on - time.time() <= 24 * 3600:
        sys.exit(f"the token ends at {token.expires_on}")


def expect_error(text, credential, kind=ClientAuthenticationError):
    try:
        credential.get_token(SCOPE)
    except kind as error:
        if text in str(error):
            return
        sys.exit(f"expected {text}, but: {error}")
    sys.exit(f"expected {text}, but there is a token")


def may_pull(login, repository):
    """Asks the registry demotokens, which is reached at another name."""
    answer = requests.get(
        f"{REGISTRY}/oauth2/token", auth=login, timeout=20, headers={"Host": "demotokens.azurecr.io"},
        params={"service": "demotokens.azurecr.io", "scope": f"repository:{repository}:pull"})
    if answer.status_code != 200:
        return False
    claims = answer.json()["access_token"].split(".")[1]
    return repository in [one["name"] for one in json.loads(
        base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["access"]]


def make_and_use_a_token():
    def manage(number):
        return ContainerRegistryManagementClient(
            workload(number), "5b000000-0000-4000-8000-000000000001", base_url=REGISTRY,
            credential_scopes=["https://management.azure.com/.default"], polling_interval=1)
    where = ("registries", "demotokens")
    azure = manage(3)
    scope_map = azure.scope_maps.begin_create(*where, "sdk-map", {"properties": {
        "description": "of the SDK", "actions": ["repositories/payments/*/content/read"]}}).result()
    token = azure.tokens.begin_create(*where, "sdk-token", {"properties": {
        "scopeMapId": scope_map.id, "status": "enabled"}}).result()
    made = azure.registries.begin_generate_credentials(*where, {
        "tokenId": token.id, "name": "password1",
        "expiry": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))}).result()
    login = (made.username, made.passwords[0].value)
    if not may_pull(login, "payments/a1") or may_pull(login, "ledger/a1"):
        sys.exit("the token does not open what its scope map says")
    if [one.name for one in azure.scope_maps.list(*where)] != ["sdk-map"]:
        sys.exit("the scope map is not listed")
    azure.tokens.begin_delete(*where, "sdk-token").result()
    azure.scope_maps.begin_delete(*where, "sdk-map").result()
    if may_pull(login, "payments/a1"):
        sys.exit("a deleted token still pulls")
    try:
        azure.tokens.get(*where, "sdk-token")
        sys.exit("a deleted token is still there")
    except ResourceNotFoundError:
        pass
    try:
        list(manage(4).scope_maps.list(*where))
        sys.exit("scope maps are shown to somebody without a role")
    except HttpResponseError as error:
        if error.status_code != 403 or "AuthorizationFailed" not in str(error):
            sys.exit(f"expected AuthorizationFailed, but: {error}")


def main():
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # expected errors are no news
    expect_token(ManagedIdentityCredential())
    expect_token(ManagedIdentityCredential(client_id=client_id(2)))
    expect_error("Identity not found", ManagedIdentityCredential(client_id=client_id(5)),
                 CredentialUnavailableError)

    expect_token(workload(4))
    expect_error("AADSTS700211", workload(8))
    expect_error("AADSTS700213", workload(4, subject="default:default"))
    expect_error("AADSTS700212", workload(4, audience="vault"))

    expect_token(secret(5, "simulated-secret-of-azure-puller"))
    expect_error("AADSTS7000215", secret(5, "wrong"))
    expect_error("AADSTS7000222", secret(6, "simulated-secret-of-azure-expired"))
    expect_error("AADSTS700016", secret(99, "x"))

    # The registry takes no tokens for Azure Resource Manager, and client 4 may pull payments alone.
    def registry(number, audience=AUDIENCE):
        return ContainerRegistryClient(REGISTRY, workload(number), audience=audience)
    manifest = registry(4).get_manifest("payments/a1", "v0.1")
    if manifest.manifest["name"] != "payments/a1":
        sys.exit(f"the manifest is {manifest.manifest}")
    for refused in (lambda: registry(4).get_manifest("ledger/a1", "v0.1"),
                    lambda: registry(11).get_manifest("payments/a1", "v0.1"),
                    lambda: registry(4, "https://management.azure.com").get_manifest("payments/a1",
                                                                                     "v0.1")):
        try:
            refused()
        except HttpResponseError as error:
            if error.status_code == 401:
                continue
            sys.exit(f"expected 401, but: {error}")
        sys.exit("a manifest was handed out that should not be")
    make_and_use_a_token()


main()
