"""Tokens as the cluster's API server signs them for ServiceAccounts, for the tests with official SDKs."""

import base64
import json
import subprocess
import time

ISSUER = "https://kubernetes.default.svc.cluster.local"
OPERATOR = "system:serviceaccount:registry-tenancy-system:registry-tenancy-operator"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def service_account_token(key_file, audience, subject=OPERATOR, issuer=ISSUER, life=600):
    """ES256; openssl writes DER, JWS wants r and s of 32 bytes each."""
    header = base64url(json.dumps({"alg": "ES256"}).encode())
    now = int(time.time())
    claims = base64url(json.dumps({"iss": issuer, "aud": [audience], "sub": subject,
                                   "iat": now - 60, "exp": now + life}).encode())
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_file],
                         input=f"{header}.{claims}".encode(), capture_output=True,
                         check=True).stdout
    r_size = der[3]
    r, s = der[4:4 + r_size], der[6 + r_size:]
    signature = b"".join(part[-32:].rjust(32, b"\0") for part in (r, s))
    return f"{header}.{claims}.{base64url(signature)}"
