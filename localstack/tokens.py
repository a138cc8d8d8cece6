"""The demonstration's identity provider: one signing key, made on this machine, and a token for each role.

    tokens.py subject <email>   prints the token of a customer who is logged in to the shop
"""

import base64
import json
import os
import sys
import time
from hashlib import sha256

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from settings import LOCAL, PUBLIC, Wrong, client, function_endpoint, run

ISSUER = "https://id.chinook.example"
AUDIENCE = "lacuna"
VALID_FOR = 12 * 3600
SUBJECT = "luisg@embraer.com.br"
ROLES = ("backend", "officer", "auditor", "owner", "admin")
KEY_ID = "local-1"
JWKS = "jwks.json"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signing_key() -> ec.EllipticCurvePrivateKey:
    """The key of this checkout; made once, readable by its owner alone."""
    path = LOCAL / "issuer.pem"
    if path.exists():
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    LOCAL.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return key


def jwks(key: ec.EllipticCurvePrivateKey) -> dict:
    numbers = key.public_key().public_numbers()
    point = {"x": _b64(numbers.x.to_bytes(32, "big")), "y": _b64(numbers.y.to_bytes(32, "big"))}
    return {"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, **point}]}


def jwks_url() -> str:
    """Seen from a function."""
    return f"{function_endpoint()}/{PUBLIC}/{JWKS}"


def publish(key: ec.EllipticCurvePrivateKey) -> None:
    """Puts the key set where the authorizer fetches it."""
    s3 = client("s3")
    s3.create_bucket(Bucket=PUBLIC)
    s3.put_object(Bucket=PUBLIC, Key=JWKS, Body=json.dumps(jwks(key)).encode(), ContentType="application/json")


def mint(key: ec.EllipticCurvePrivateKey, tenant: str, role: str, subject: str, **claims) -> str:
    """A signed ES256 token. `claims` adds to the usual ones, or replaces them."""
    now = int(time.time())
    body = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + VALID_FOR, "tenant": tenant, "role": role}
    body.update(claims)
    head = {"alg": "ES256", "typ": "JWT", "kid": KEY_ID}
    signed = ".".join(_b64(json.dumps(part, separators=(",", ":")).encode()) for part in (head, body))
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def of_subject(key: ec.EllipticCurvePrivateKey, email: str) -> str:
    """A token of a customer who is logged in to the shop, as it says who that is."""
    account = "shop-account-1" if email == SUBJECT else f"shop-account-{sha256(email.encode()).hexdigest()[:8]}"
    return mint(key, "demo", "subject", account, identities=[{"type": "email", "value": email}], verified=True)


def all_tokens(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """Every token that env.sh exports, by the name of its variable."""
    tokens = {f"LACUNA_TOKEN_{role.upper()}": mint(key, "demo", role, f"demo-{role}") for role in ROLES}
    # A second officer, for what takes two people.
    tokens["LACUNA_TOKEN_OFFICER_2"] = mint(key, "demo", "officer", "demo-officer-2")
    tokens["LACUNA_TOKEN_SUBJECT"] = of_subject(key, SUBJECT)
    tokens["LACUNA_TOKEN_OTHER"] = mint(key, "other", "backend", "other-backend")
    tokens["LACUNA_TOKEN_OTHER_ADMIN"] = mint(key, "other", "admin", "other-admin")
    tokens["LACUNA_TOKEN_OTHER_OFFICER"] = mint(key, "other", "officer", "other-officer")
    tokens["LACUNA_TOKEN"] = tokens["LACUNA_TOKEN_BACKEND"]
    return tokens


def main() -> int:
    match sys.argv[1:]:
        case ["subject", email]:
            print(of_subject(signing_key(), email))
        case _:
            raise Wrong("say what to do: tokens.py subject <email>")
    return 0


if __name__ == "__main__":
    run(main)
