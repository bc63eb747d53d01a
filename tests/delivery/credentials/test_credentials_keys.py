"""Keys: made, kept, published, rotated."""

import json
import os
import stat

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from adapter.delivery.credentials import ALGORITHMS, KeyRing, generate, jwks, keys, read, read_all, write
from adapter.errors import SettingsError
from adapter.secret import Secret


@pytest.fixture(scope="module", params=ALGORITHMS)
def made(request):
    return generate(request.param, 1000.0)


@pytest.mark.parametrize("name", ["key.json", "key.jwk", "key.pem", "key"])
def test_a_key_comes_back_from_its_file(made, name, tmp_path):
    path = tmp_path / name
    write(made, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.utime(path, (1000, 1000))
    back = read(path)
    assert back == made
    assert back.private.private_numbers() == made.private.private_numbers()


def test_the_mode_does_not_hang_on_the_umask(made, tmp_path):
    old = os.umask(0)
    try:
        write(made, tmp_path / "key.json")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "key.json").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(made, tmp_path):
    path = tmp_path / "key.json"
    path.write_text("mine")
    with pytest.raises(SettingsError, match="there already"):
        write(made, path)
    (tmp_path / "link.json").symlink_to(tmp_path / "nowhere.json")
    with pytest.raises(SettingsError, match="there already"):
        write(made, tmp_path / "link.json")
    with pytest.raises(SettingsError, match="cannot be made"):
        write(made, tmp_path / "none" / "key.json")
    assert path.read_text() == "mine"


def test_the_published_document_verifies_and_keeps_the_secret(made):
    document = json.loads(json.dumps(jwks([made])))
    (public,) = document["keys"]
    assert not set(public) & {"d", "p", "q", "dp", "dq", "qi", "k", "nbf"}
    assert (public["kid"], public["alg"], public["key_ops"]) == (made.kid, made.algorithm, ["verify"])
    signed = jwt.encode({"a": 1}, made.private, algorithm=made.algorithm)
    assert jwt.decode(signed, jwt.PyJWKSet.from_dict(document)[made.kid], algorithms=[made.algorithm]) == {
        "a": 1
    }


def test_the_thumbprint_is_that_of_rfc_7638():
    """The example of RFC 7638, 3.1."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX"
        "jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSq"
        "zs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHa"
        "Q-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert keys.thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_newest_key_signs_and_all_are_published():
    old, new, coming = (generate("ES384", since) for since in (100.0, 200.0, 300.0))
    ring = KeyRing([new, coming, old])
    assert ring.signing(250.0) == new
    assert ring.signing(300.0) == coming
    assert ring.signing(50.0) == old
    assert ring.signing(250.0, {"RS384"}) is None
    assert [one["kid"] for one in ring.public()["keys"]] == [coming.kid, new.kid, old.kid]


def test_a_folder_of_keys(tmp_path):
    for number in range(2):
        write(generate("ES384", number), tmp_path / f"{number}.json")
    (tmp_path / "README").write_text("not a key")
    (tmp_path / ".hidden.json").write_text("not a key")
    assert {one.since for one in read_all([tmp_path]).keys} == {0.0, 1.0}
    with pytest.raises(SettingsError, match="given twice"):
        read_all([tmp_path, tmp_path / "0.json"])
    with pytest.raises(SettingsError, match="no signing key"):
        read_all([])


def test_an_encrypted_key(made, tmp_path):
    path, word = tmp_path / "key.pem", tmp_path / "word"
    word.write_text("open sesame\n")
    path.write_bytes(
        made.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    )
    assert read(path, Secret.of_file(word)).kid == made.kid
    word.write_text("wrong")
    for passphrase in (Secret.of_file(word), None):
        with pytest.raises(SettingsError, match="no private key that can be read") as caught:
            read(path, passphrase)
        assert "wrong" not in str(caught.value)


def bad_jwks():
    good = jwt.algorithms.ECAlgorithm.to_jwk(generate("ES384", 0.0).private, as_dict=True)
    yield {name: value for name, value in good.items() if name != "d"}
    yield from ({**good, name: value} for name in good for value in (7, None, "!", "AAAA"))
    yield from ({**good, "nbf": value} for value in ("soon", [1], float("nan"), 10**400, -1))
    yield {"keys": [good]}
    yield {}


def test_files_that_hold_no_key_are_named_and_not_quoted(tmp_path):
    path = tmp_path / "key.json"
    contents = [json.dumps(one).encode() for one in bad_jwks()]
    contents += [
        b"",
        b"{",
        b"\xff\xfe",
        b"{" * 60_000,
        b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n",
        b"x" * 70_000,
    ]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=r"key\.json") as caught:
            read(path)
        assert caught.value.__cause__ is None
        assert len(str(caught.value)) < 300 + len(str(path))
    with pytest.raises(SettingsError, match="No such file"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    "private",
    [
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=1024),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-256", "RSA-1024", "Ed25519"],
)
def test_keys_that_smart_does_not_know(private):
    with pytest.raises(SettingsError, match="P-384"):
        keys.key(private, 0.0)


def test_an_algorithm_that_smart_does_not_know():
    with pytest.raises(SettingsError, match="ES384 or RS384"):
        generate("RS256", 0.0)


def test_a_key_does_not_show_itself(made):
    assert "private" not in repr(made)
    assert repr(KeyRing([made])) == f"KeyRing({made.kid})"
