"""Who the remote backend trusts, and who it says it is."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapter.errors import EngineError
from adapter.extraction.generative.backend import Message, Request
from adapter.extraction.generative.remote import Endpoint, RemoteBackend
from tests.extraction.generative.model_server import good, serving

ASKED = Request(messages=(Message(role="user", content="x"),), schema={}, max_tokens=20, seconds=5.0)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A file with a self-signed certificate of 127.0.0.1 and its key, and one with the certificate alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "both.pem").write_bytes(signed + private)
    (folder / "trusted.pem").write_bytes(signed)
    return folder / "both.pem", folder / "trusted.pem"


def complete(server, tls=None):
    url = server.url.replace("http:", "https:")
    backend = RemoteBackend(Endpoint(url=url, context=99, tries=1), tls)
    try:
        return backend.complete([ASKED])[0]
    finally:
        backend.close()


@pytest.mark.parametrize("mutual", [False, True])
def test_a_server_is_called_when_its_certificate_is_trusted(pair, mutual):
    both, trusted = pair
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=trusted)
    theirs.load_cert_chain(both)
    theirs.verify_mode = ssl.CERT_REQUIRED if mutual else ssl.CERT_NONE
    ours, named = ssl.create_default_context(cafile=trusted), ssl.create_default_context(cafile=trusted)
    named.load_cert_chain(both)
    with serving(good(), tls=theirs) as server:
        assert complete(server, named).text == "[1]"
        if mutual:
            with pytest.raises(EngineError):
                complete(server, ours)
        else:
            assert complete(server, ours).text == "[1]"
        answered = server.asked
        with pytest.raises(EngineError, match="certificate"):
            complete(server)  # the public authorities do not know it
        assert server.asked == answered
