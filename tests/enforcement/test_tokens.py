"""Officers from signed tokens: real keys, an issuer that rotates them, and every way a token can be wrong (threats T14)."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.enforcement.identity import Peer, SignedToken
from adapters.enforcement.tokens import KEEP_SECONDS, LEEWAY_SECONDS, MAX_TOKEN, RETRY_SECONDS, KeySet, TokenVerifier
from sidecar.errors import RequestError, SettingsError

ISSUER, AUDIENCE = "https://login.test", "quanheng"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
_JWK: dict[type, Callable[[Any], str]] = {
    rsa.RSAPrivateKey: lambda key: jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()),
    ec.EllipticCurvePrivateKey: lambda key: jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()),
    ed25519.Ed25519PrivateKey: lambda key: jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key()),
}


def jwk(key: Any, kid: str, **more: str) -> dict[str, Any]:
    make = next(make for kind, make in _JWK.items() if isinstance(key, kind))
    return {**json.loads(make(key)), "kid": kid, **more}


class Issuer:
    """A key set that can change, break, and count how often it is read."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys, self.read, self.broken = list(keys), 0, False
        self.clock = 0.0

    def fetch(self) -> bytes:
        self.read += 1
        if self.broken:
            raise OSError("unreachable")
        return json.dumps({"keys": self.keys}).encode()

    def identity(self) -> SignedToken:
        keys = KeySet(self.fetch, lambda: self.clock)
        keys.prove()
        return SignedToken(TokenVerifier(ISSUER, AUDIENCE, keys), "sub")


def token(key: Any = RSA, kid: str | None = "a", algorithm: str = "RS256", **claims: Any) -> str:
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "o-1001", "iat": now, "exp": now + 600} | claims
    kept = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(kept, key, algorithm, headers={"kid": kid} if kid else None)


def officer(identity: SignedToken, bearer: str) -> str:
    return identity.officer(((b"authorization", bearer.encode()),), Peer())


def refused(identity: SignedToken, bearer: str) -> RequestError:
    with pytest.raises(RequestError) as raised:
        officer(identity, bearer)
    assert raised.value.status_hint == 401
    return raised.value


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS384"), (EC, "ES256"), (ED, "EdDSA")])
def test_a_token_of_the_issuer_names_the_officer(key: Any, algorithm: str) -> None:
    identity = Issuer(jwk(key, "a")).identity()
    assert officer(identity, f"Bearer {token(key, algorithm=algorithm)}") == "o-1001"


def _public(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _unsigned(**header: str) -> str:
    parts = [
        {"alg": "none", "typ": "JWT", **header},
        {"iss": ISSUER, "aud": AUDIENCE, "sub": "o-1001", "exp": int(time.time()) + 600},
    ]
    return ".".join(jwt.utils.base64url_encode(json.dumps(part).encode()).decode() for part in parts) + "."


def _under_the_public_key() -> str:
    """HS256 with the published key as its secret: what every reader of the key set could make."""
    head, body = (
        jwt.utils.base64url_encode(json.dumps(part).encode()).decode()
        for part in (
            {"alg": "HS256", "typ": "JWT", "kid": "a"},
            {"iss": ISSUER, "aud": AUDIENCE, "sub": "o-1001", "exp": int(time.time()) + 600},
        )
    )
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(f"{head}.{body}".encode(), _public(RSA))
    return f"{head}.{body}.{jwt.utils.base64url_encode(mac).decode()}"


def now() -> int:
    """When it is asked: a test may run long after the file was read."""
    return int(time.time())


WRONG: dict[str, Callable[[], str]] = {
    "expired": lambda: token(exp=now() - LEEWAY_SECONDS - 60),
    "not yet valid": lambda: token(nbf=now() + LEEWAY_SECONDS + 600),
    "without an end": lambda: token(exp=None),
    "of another issuer": lambda: token(iss="https://login.test.evil"),
    "without an issuer": lambda: token(iss=None),
    "for another audience": lambda: token(aud="another"),
    "without an audience": lambda: token(aud=None),
    "signed by a stranger": lambda: token(OTHER),
    "of a key nobody published": lambda: token(OTHER, kid="b"),
    "without a key's name": lambda: token(kid=None),
    "under another algorithm than its key's": lambda: token(algorithm="RS512", kid="fixed"),
    "unsigned": _unsigned,
    "unsigned under a known name": lambda: _unsigned(kid="a"),
    "signed with the public key as a secret": _under_the_public_key,
    "with another claim as officer": lambda: token(sub=None, preferred_username="o-1001"),
    "with an officer that is no text": lambda: token(sub=None, sub2=1),
    "changed in one letter": lambda: token()[:-20] + ("A" if token()[-20] != "A" else "B") + token()[-19:],
    "half a token": lambda: token().rsplit(".", 1)[0],
    "no token": lambda: "o-1001",
    "too long": lambda: token(padding="x" * MAX_TOKEN),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_token_names_nobody(name: str) -> None:
    """401, and nothing of the token in the words."""
    identity = Issuer(jwk(RSA, "a"), jwk(RSA, "fixed", alg="RS256")).identity()
    bearer = WRONG[name]()
    fault = refused(identity, f"Bearer {bearer}")
    assert bearer not in fault.message


@pytest.mark.parametrize("header", ["", "Basic eA==", "Bearer", "Bearer ", "o-1001"])
def test_what_is_no_bearer_token_names_nobody(header: str) -> None:
    refused(Issuer(jwk(RSA, "a")).identity(), header)


def test_two_tokens_name_nobody() -> None:
    identity, good = Issuer(jwk(RSA, "a")).identity(), f"Bearer {token()}".encode()
    with pytest.raises(RequestError, match="twice"):
        identity.officer(((b"authorization", good), (b"authorization", good)), Peer())


def test_a_rotation_is_followed_at_once_and_the_old_key_ends() -> None:
    issuer = Issuer(jwk(RSA, "a"))
    identity = issuer.identity()
    issuer.keys, issuer.clock = [jwk(OTHER, "b")], RETRY_SECONDS
    assert officer(identity, f"Bearer {token(OTHER, kid='b')}") == "o-1001"
    refused(identity, f"Bearer {token()}")


def test_unknown_keys_do_not_make_us_ask_for_ever() -> None:
    issuer = Issuer(jwk(RSA, "a"))
    identity = issuer.identity()
    issuer.clock = RETRY_SECONDS
    for n in range(100):
        refused(identity, f"Bearer {token(OTHER, kid=f'made-up-{n}')}")
    assert issuer.read == 2


def test_while_the_issuer_is_down_its_keys_stay_good_for_a_day() -> None:
    issuer = Issuer(jwk(RSA, "a"))
    identity = issuer.identity()
    issuer.broken, issuer.clock = True, KEEP_SECONDS
    assert officer(identity, f"Bearer {token()}") == "o-1001"
    issuer.clock = KEEP_SECONDS + 1
    refused(identity, f"Bearer {token()}")
    issuer.broken, issuer.clock = False, KEEP_SECONDS + 1 + RETRY_SECONDS
    assert officer(identity, f"Bearer {token()}") == "o-1001"


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"keys": 1}', json.dumps({"keys": [jwk(RSA, "a"), jwk(OTHER, "a")]}).encode()],
    ids=["nothing", "a list", "no keys", "keys that are none", "one name for two keys"],
)
def test_what_is_no_key_set_stops_the_start(document: bytes) -> None:
    with pytest.raises(SettingsError):
        KeySet(lambda: document).prove()


def test_secrets_and_keys_for_encryption_are_no_keys() -> None:
    secret = {"kty": "oct", "k": "c2VjcmV0" * 8, "kid": "s", "alg": "HS256"}
    identity = Issuer(jwk(RSA, "a"), secret, jwk(OTHER, "e", use="enc")).identity()
    refused(identity, f"Bearer {token('secret' * 8, kid='s', algorithm='HS256')}")
    refused(identity, f"Bearer {token(OTHER, kid='e')}")
