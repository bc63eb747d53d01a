"""Signed tokens: those that hold, and every way we know in which one may not."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st

from adapter.api.security.issuers import Issuer
from adapter.api.security.tokens import TokenVerifier
from adapter.errors import NotAuthenticated, SettingsError

AUDIENCE = "https://notewright.example/fhir"
ISSUER = "https://login.example"
NOW = 1_800_000_000
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "lab",
    "client_id": "lab",
    "exp": NOW + 300,
    "iat": NOW,
    "jti": "1",
    "scope": "system/DocumentReference.c",
}


@pytest.fixture
def verifier(ring, tmp_path):
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(ring.jwks()))

    def fetch(url):
        raise AssertionError(f"fetched {url}")

    issuer = Issuer(url=ISSUER, audiences=(AUDIENCE,), jwks_file=jwks)
    return TokenVerifier([issuer], fetch, now=lambda: float(NOW))


def part(value):
    text = (
        value
        if isinstance(value, bytes)
        else value.encode()
        if isinstance(value, str)
        else json.dumps(value).encode()
    )
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(ring, header, claims, kid="rsa"):
    """A token of exactly these bytes, with a good RS256 signature."""
    start = f"{part(header)}.{part(claims)}"
    signature = ring.private[kid].sign(start.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{start}.{part(signature)}"


HEADER = {"alg": "RS256", "kid": "rsa", "typ": "JWT"}


@pytest.mark.parametrize(
    ("algorithm", "kid"),
    [
        ("RS256", "rsa"),
        ("RS384", "rsa"),
        ("PS256", "rsa"),
        ("ES256", "p256"),
        ("ES384", "p384"),
        ("EdDSA", "ed"),
    ],
)
def test_each_algorithm_we_know(verifier, ring, algorithm, kid):
    found = verifier.verify(ring.sign(CLAIMS, algorithm, kid))
    assert (found.issuer, found.subject, found.scopes) == (ISSUER, "lab", "system/DocumentReference.c")
    assert found.expires == NOW + 300


GOOD = {
    "aud in a list": {"aud": ["https://other.example", AUDIENCE + "/"]},
    "expired within the leeway": {"exp": NOW - 59},
    "issued a little ahead": {"iat": NOW + 59, "nbf": NOW + 59},
    "no iat": {"iat": None},
    "fractions": {"exp": NOW + 1.5},
    "scp list": {"scope": None, "scp": ["system/DocumentReference.c"]},
    "azp for client": {"client_id": None, "azp": "lab"},
    "patient": {"patient": "p1"},
    "patient as reference": {"patient": "Patient/p1"},
}


@pytest.mark.parametrize("changed", GOOD.values(), ids=GOOD)
def test_tokens_that_hold(verifier, ring, changed):
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    found = verifier.verify(ring.sign(claims))
    assert found.subject == "lab"
    assert found.scopes == "system/DocumentReference.c"
    assert found.patient == ("p1" if "patient" in changed else None)


@pytest.mark.parametrize("brought", ["jwk", "jku", "x5u", "x5c"])
def test_keys_a_token_brings_or_points_to_are_not_looked_at(verifier, ring, brought):
    value = {
        "jwk": ring.jwk("other", kid="rsa"),
        "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/chain.pem",
        "x5c": ["MIIB"],
    }[brought]
    assert verifier.verify(ring.sign(CLAIMS, **{brought: value})).subject == "lab"
    forged = signed(ring, {**HEADER, brought: value}, CLAIMS, kid="other")
    with pytest.raises(NotAuthenticated):
        verifier.verify(forged)


def by_secret(ring, algorithm, secret):
    start = f"{part({'alg': algorithm, 'kid': 'rsa', 'typ': 'JWT'})}.{part(CLAIMS)}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{start}.{part(hmac.new(secret, start.encode(), digest).digest())}"


def pem(ring):
    return (
        ring.private["rsa"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def with_claims(**changed):
    def make(ring):
        return ring.sign({name: value for name, value in {**CLAIMS, **changed}.items() if value is not None})

    return make


def with_header(**changed):
    def make(ring):
        header = {name: value for name, value in {**HEADER, **changed}.items() if value is not None}
        return signed(ring, header, CLAIMS)

    return make


def raw_claims(text):
    return lambda ring: signed(ring, HEADER, text)


def raw_header(text):
    return lambda ring: signed(ring, text, CLAIMS)


def unsigned(algorithm):
    return lambda ring: f"{part({**HEADER, 'alg': algorithm})}.{part(CLAIMS)}."


def unsigned_with_bytes(algorithm):
    return lambda ring: f"{part({**HEADER, 'alg': algorithm})}.{part(CLAIMS)}.{part(b'x')}"


def altered(change):
    return lambda ring: change(ring.sign(CLAIMS))


BODY = json.dumps(CLAIMS)[1:]
HOSTILE = {
    # the signature
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg nOnE with bytes": unsigned_with_bytes("nOnE"),
    "alg none with bytes": unsigned_with_bytes("none"),
    "alg empty": unsigned_with_bytes(""),
    "alg null": unsigned_with_bytes(None),
    "alg a list": unsigned_with_bytes(["RS256"]),
    "alg an object": unsigned_with_bytes({"RS256": 1}),
    "alg missing": with_header(alg=None),
    "HS256 with the public key": lambda ring: by_secret(ring, "HS256", pem(ring)),
    "HS384 with the public key": lambda ring: by_secret(ring, "HS384", pem(ring)),
    "HS512 with nothing": lambda ring: by_secret(ring, "HS512", b""),
    "HS256 with the modulus": lambda ring: by_secret(ring, "HS256", ring.jwk("rsa")["n"].encode()),
    "RS512": lambda ring: ring.sign(CLAIMS, "RS512"),
    "PS512": lambda ring: ring.sign(CLAIMS, "PS512"),
    "rs256 in small letters": with_header(alg="rs256"),
    "another key of that id": lambda ring: signed(ring, HEADER, CLAIMS, kid="other"),
    "RSA signature under an EC key": lambda ring: signed(ring, {**HEADER, "kid": "p256"}, CLAIMS),
    "ES256 under an RSA key": with_header(alg="ES256"),
    "ES384 said, P-256 key": lambda ring: signed(ring, {**HEADER, "alg": "ES384", "kid": "p256"}, CLAIMS),
    "PS256 said, PKCS1 signature": with_header(alg="PS256"),
    "EdDSA under an RSA key": with_header(alg="EdDSA"),
    "signature of zeros, ES256": lambda ring: (
        f"{part({**HEADER, 'alg': 'ES256', 'kid': 'p256'})}.{part(CLAIMS)}.{part(bytes(64))}"
    ),
    "signature too short, ES256": lambda ring: (
        f"{part({**HEADER, 'alg': 'ES256', 'kid': 'p256'})}.{part(CLAIMS)}.{part(b'1')}"
    ),
    "signature too short, EdDSA": lambda ring: (
        f"{part({**HEADER, 'alg': 'EdDSA', 'kid': 'ed'})}.{part(CLAIMS)}.{part(b'1')}"
    ),
    "signature cut": altered(lambda text: text[:-8]),
    "claims of another token": altered(
        lambda text: ".".join((text.split(".")[0], part({**CLAIMS, "sub": "root"}), text.split(".")[2]))
    ),
    "header of another token": altered(lambda text: part({**HEADER, "x": 1}) + text[text.index(".") :]),
    # the header
    "kid missing": with_header(kid=None),
    "kid empty": with_header(kid=""),
    "kid a number": with_header(kid=1),
    "kid a list": with_header(kid=["rsa"]),
    "kid a path": with_header(kid="../../../../dev/null"),
    "kid a file URL": with_header(kid="file:///etc/passwd"),
    "kid a URL": with_header(kid="https://evil.example/key"),
    "kid SQL": with_header(kid="rsa' OR '1'='1"),
    "kid with NUL": with_header(kid="rsa\0"),
    "kid a command": with_header(kid="rsa|touch /tmp/x"),
    "kid huge": with_header(kid="r" * 5000),
    "crit": with_header(crit=["exp"]),
    "crit empty": with_header(crit=[]),
    "crit unknown": with_header(crit=["x"], x=1),
    "b64 false": with_header(b64=False, crit=["b64"]),
    "b64 true": with_header(b64=True),
    "typ of a logout token": with_header(typ="logout+jwt"),
    "typ of a DPoP proof": with_header(typ="dpop+jwt"),
    "typ a number": with_header(typ=1),
    "header twice alg": raw_header('{"alg":"none","alg":"RS256","kid":"rsa"}'),
    "header twice kid": raw_header('{"alg":"RS256","kid":"p256","kid":"rsa"}'),
    "header a list": raw_header('[{"alg":"RS256","kid":"rsa"}]'),
    "header not JSON": raw_header("alg=RS256"),
    "header empty object": raw_header("{}"),
    "header not UTF-8": raw_header(b'{"alg":"RS256","kid":"\xff"}'),
    "header UTF-16": raw_header(json.dumps(HEADER).encode("utf-16")),
    # the claims
    "iss missing": with_claims(iss=None),
    "iss another": with_claims(iss="https://evil.example"),
    "iss with a slash more": with_claims(iss=ISSUER + "/"),
    "iss in capitals": lambda ring: signed(ring, HEADER, {**CLAIMS, "iss": ISSUER.upper()}),
    "iss a list": lambda ring: signed(ring, HEADER, {**CLAIMS, "iss": [ISSUER]}),
    "iss an object": lambda ring: signed(ring, HEADER, {**CLAIMS, "iss": {"a": ISSUER}}),
    "aud missing": with_claims(aud=None),
    "aud another": with_claims(aud="https://other.example/fhir"),
    "aud a prefix": with_claims(aud=AUDIENCE + "/x"),
    "aud shorter": with_claims(aud="https://notewright.example"),
    "aud no strings": lambda ring: signed(ring, HEADER, {**CLAIMS, "aud": [AUDIENCE, 1]}),
    "aud an object": lambda ring: signed(ring, HEADER, {**CLAIMS, "aud": {AUDIENCE: 1}}),
    "aud empty": with_claims(aud=[]),
    "expired": with_claims(exp=NOW - 61),
    "exp missing": with_claims(exp=None),
    "exp a string": lambda ring: signed(ring, HEADER, {**CLAIMS, "exp": str(NOW + 300)}),
    "exp true": lambda ring: signed(ring, HEADER, {**CLAIMS, "exp": True}),
    "exp a list": lambda ring: signed(ring, HEADER, {**CLAIMS, "exp": [NOW + 300]}),
    "exp negative": lambda ring: signed(ring, HEADER, {**CLAIMS, "exp": -1}),
    "exp infinite": raw_claims("{" + '"exp": Infinity, ' + BODY.replace('"exp"', '"was"')),
    "exp not a number": raw_claims("{" + '"exp": NaN, ' + BODY.replace('"exp"', '"was"')),
    "exp 1e999": raw_claims("{" + '"exp": 1e999, ' + BODY.replace('"exp"', '"was"')),
    "exp of 5000 digits": raw_claims("{" + f'"exp": {"9" * 5000}, ' + BODY.replace('"exp"', '"was"')),
    "exp in ten years": with_claims(exp=NOW + 10 * 365 * 86400),
    "nbf ahead": with_claims(nbf=NOW + 61),
    "nbf a string": lambda ring: signed(ring, HEADER, {**CLAIMS, "nbf": "0"}),
    "nbf true": lambda ring: signed(ring, HEADER, {**CLAIMS, "nbf": True}),
    "iat false": lambda ring: signed(ring, HEADER, {**CLAIMS, "iat": False}),
    "nbf null": lambda ring: signed(ring, HEADER, {**CLAIMS, "nbf": None}),
    "iat ahead": with_claims(iat=NOW + 61),
    "iat a string": lambda ring: signed(ring, HEADER, {**CLAIMS, "iat": "now"}),
    "sub a number": lambda ring: signed(ring, HEADER, {**CLAIMS, "sub": 1}),
    "sub null": lambda ring: signed(ring, HEADER, {**CLAIMS, "sub": None}),
    "sub empty": with_claims(sub=""),
    "sub huge": with_claims(sub="x" * 2000),
    "nobody": with_claims(sub=None, client_id=None),
    "client a list": lambda ring: signed(ring, HEADER, {**CLAIMS, "client_id": ["lab"]}),
    "jti a number": lambda ring: signed(ring, HEADER, {**CLAIMS, "jti": 1}),
    "scope a number": lambda ring: signed(ring, HEADER, {**CLAIMS, "scope": 1}),
    "scope an object": lambda ring: signed(ring, HEADER, {**CLAIMS, "scope": {"system/*.cruds": True}}),
    "scope null": lambda ring: signed(ring, HEADER, {**CLAIMS, "scope": None}),
    "scp of numbers": lambda ring: signed(ring, HEADER, {**CLAIMS, "scope": [1]}),
    "patient a number": lambda ring: signed(ring, HEADER, {**CLAIMS, "patient": 1}),
    "patient a path": with_claims(patient="../p1"),
    "patient empty": with_claims(patient=""),
    "bound to a key": with_claims(cnf={"jkt": "x"}),
    "bound to a certificate": with_claims(cnf={"x5t#S256": "x"}),
    "claims twice exp": raw_claims('{"exp": 1, ' + BODY),
    "claims twice scope": raw_claims('{"scope": "system/*.cruds", ' + BODY),
    "claims twice deep": raw_claims('{"x": {"a": 1, "a": 2}, ' + BODY),
    "claims with NaN": raw_claims('{"x": NaN, ' + BODY),
    "claims a list": raw_claims(f"[{json.dumps(CLAIMS)}]"),
    "claims a string": raw_claims('"x"'),
    "claims not JSON": raw_claims("x"),
    "claims with more after": raw_claims(json.dumps(CLAIMS) + "{}"),
    "claims nested deep": raw_claims('{"x": ' + "[" * 5000 + "]" * 5000 + ", " + BODY),
    "claims with a byte order mark": raw_claims(b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode()),
    # the shape
    "huge": lambda ring: ring.sign({**CLAIMS, "x": "x" * 20_000}),
    "empty": lambda ring: "",
    "one part": lambda ring: "abc",
    "two parts": altered(lambda text: text.rsplit(".", 1)[0]),
    "four parts": altered(lambda text: text + ".x"),
    "five parts, encrypted": lambda ring: f"{part({'alg': 'RSA-OAEP', 'enc': 'A256GCM'})}.a.b.c.d",
    "padded": altered(lambda text: text + "="),
    "a blank before": altered(lambda text: " " + text),
    "a line end after": altered(lambda text: text + "\n"),
    "plain base64": altered(lambda text: "+/" + text),
    "not ASCII": altered(lambda text: text + "é"),
    "digits of another script": altered(lambda text: text + "٣"),
    "dots": lambda ring: "..",
    "one letter each": lambda ring: "a.a.a",
    "JSON serialization": lambda ring: json.dumps({"payload": part(CLAIMS), "signatures": []}),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_tokens_are_all_refused_alike(verifier, ring, make):
    with pytest.raises(NotAuthenticated) as caught:
        verifier.verify(make(ring))
    assert caught.value.error == "invalid_token"
    assert str(caught.value) == "Valid credentials are needed."


def test_the_table_is_large_enough():
    assert len(HOSTILE) >= 100


def test_the_raw_signer_makes_tokens_that_hold(verifier, ring):
    assert verifier.verify(signed(ring, HEADER, CLAIMS)).subject == "lab"
    assert verifier.verify(signed(ring, HEADER, "{" + BODY)).subject == "lab"


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{0,40}"))
def test_wild_text_is_refused(text):
    issuer = Issuer(url=ISSUER, audiences=(AUDIENCE,))
    with pytest.raises(NotAuthenticated):
        TokenVerifier([issuer], lambda url: b"").verify(text)


def test_an_issuer_has_its_own_algorithms_keys_and_audience(ring, tmp_path):
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    first.write_text(json.dumps({"keys": [ring.jwk("rsa")]}))
    second.write_text(json.dumps({"keys": [ring.jwk("p384"), ring.jwk("other")]}))
    verifier = TokenVerifier(
        [
            Issuer(url=ISSUER, audiences=(AUDIENCE,), jwks_file=first),
            Issuer(url="https://b.example", audiences=("b",), jwks_file=second, algorithms=("ES384",)),
        ],
        lambda url: b"",
        now=lambda: float(NOW),
    )
    theirs = {**CLAIMS, "iss": "https://b.example", "aud": "b"}
    assert verifier.verify(ring.sign(theirs, "ES384", "p384")).issuer == "https://b.example"
    for claims, algorithm, kid in (
        (theirs, "RS256", "rsa"),
        (theirs, "RS256", "other"),
        (CLAIMS, "ES384", "p384"),
        ({**theirs, "aud": AUDIENCE}, "ES384", "p384"),
    ):
        with pytest.raises(NotAuthenticated):
            verifier.verify(ring.sign(claims, algorithm, kid))


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://login.example"},
        {"url": "ftp://login.example"},
        {"url": "https://user@login.example"},
        {"url": "https://"},
        {"url": "https://["},
        {"url": ISSUER, "audiences": ()},
        {"url": ISSUER, "audiences": ("",)},
        {"url": ISSUER, "algorithms": ("HS256",)},
        {"url": ISSUER, "algorithms": ("none",)},
        {"url": ISSUER, "algorithms": ()},
        {"url": ISSUER, "jwks_url": "http://keys.example/jwks"},
    ],
)
def test_issuers_that_cannot_be_trusted_are_not_taken(settings):
    with pytest.raises(SettingsError):
        Issuer(**{"audiences": (AUDIENCE,), **settings})
