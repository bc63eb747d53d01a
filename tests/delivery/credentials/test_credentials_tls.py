"""Mutual TLS against a TLS server, with certificates made here."""

import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from authority import BUNDLE, CLIENT, DONE, Authority, Clock, served
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from adapter import delivery
from adapter.delivery.credentials import KeyRing, SmartBackend, Tls, context, generate
from adapter.delivery.retry import Policy
from adapter.errors import SettingsError, TargetRefused, TargetUnavailable
from adapter.secret import Secret


class Issuer:
    """A certificate authority of a test."""

    def __init__(self, folder, name):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        self.certificate = self._signed(self.name, self.key, None)
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(self, name, password=None):
        """The files of a certificate and its key for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(
            subject, key, x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        )
        files = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        return files

    def _signed(self, subject, key, alternative):
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=alternative is None, path_length=None), critical=True)
        )
        if alternative is not None:
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(self.key, hashes.SHA256())


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return Issuer(tmp_path_factory.mktemp("pki"), "issuer")


@pytest.fixture(scope="module")
def server_context(issuer):
    """A server that asks each client for a certificate of the issuer."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*issuer.issue("server"))
    made.load_verify_locations(issuer.file)
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def send(url, tls, **options):
    with httpx.Client(verify=context(tls), timeout=5) as client:
        server = delivery.Server(url, client, policy=Policy(attempts=1), **options)
        return server.send(BUNDLE)


def done(method, path, headers, body):
    return 200, {}, DONE


def test_a_client_with_its_certificate_is_let_in(issuer, server_context):
    certificate, key = issuer.issue("client")
    with served(done, server_context) as url:
        tls = Tls(certificate=certificate, key=key, authorities=issuer.file)
        assert send(url, tls).status == "sent"
        both = issuer.folder / "both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        assert send(url, Tls(certificate=both, authorities=issuer.file)).status == "sent"


def test_a_client_without_one_is_not(issuer, server_context, tmp_path):
    foreign, key = Issuer(tmp_path, "foreign").issue("client")
    with served(done, server_context) as url:
        for tls in (
            Tls(authorities=issuer.file),
            Tls(certificate=foreign, key=key, authorities=issuer.file),
        ):
            with pytest.raises(TargetUnavailable):
                send(url, tls)


def test_a_server_of_another_issuer_is_not_trusted(issuer, server_context, tmp_path):
    certificate, key = issuer.issue("client")
    with served(done, server_context) as url:
        for authorities in (Issuer(tmp_path, "other").file, None):
            with pytest.raises(TargetUnavailable, match="ConnectError"):
                send(url, Tls(certificate=certificate, key=key, authorities=authorities))


def test_an_encrypted_key(issuer, server_context, tmp_path):
    certificate, key = issuer.issue("locked", password=b"open sesame")
    (tmp_path / "word").write_text("open sesame")
    word = Secret.of_file(tmp_path / "word")
    with served(done, server_context) as url:
        tls = Tls(certificate=certificate, key=key, passphrase=word, authorities=issuer.file)
        assert send(url, tls).status == "sent"
    (tmp_path / "word").write_text("wrong")
    for passphrase in (word, None):  # without one, nobody is asked on the terminal
        with pytest.raises(SettingsError, match="go together or cannot be read") as caught:
            context(Tls(certificate=certificate, key=key, passphrase=passphrase))
        assert "wrong" not in str(caught.value)


@contextmanager
def smart_over(issuer, server_context, trusted):
    """A token asked for over mutual TLS."""
    certificate, key = issuer.issue("client")
    ring = KeyRing([generate("ES384", 0.0)])
    authority = Authority(ring.public(), Clock())
    tls = Tls(certificate=certificate, key=key, authorities=trusted)
    with served(authority.answer, server_context) as url, httpx.Client(verify=context(tls)) as client:
        authority.url = url
        smart = SmartBackend(f"{url}/fhir", client, client_id=CLIENT, keys=ring, scopes=["system/*.c"])
        yield delivery.Server(f"{url}/fhir", client, auth=smart), authority


def test_a_token_over_mutual_tls(issuer, server_context):
    with smart_over(issuer, server_context, issuer.file) as (server, authority):
        assert server.send(BUNDLE).status == "sent"
        assert authority.url.startswith("https://")


def test_an_authority_that_is_not_trusted_is_told(issuer, server_context, tmp_path):
    with (
        smart_over(issuer, server_context, Issuer(tmp_path, "other").file) as (server, authority),
        pytest.raises(TargetRefused, match="certificate is not trusted"),
    ):
        server.send(BUNDLE)
    assert authority.seen == []


def test_tls_1_1_is_refused(issuer):
    assert context(Tls(authorities=issuer.file)).minimum_version == ssl.TLSVersion.TLSv1_2
    assert context(Tls()).verify_mode == ssl.CERT_REQUIRED
    assert context(Tls()).check_hostname


def test_files_that_cannot_be_used_are_named(issuer, tmp_path):
    certificate, key = issuer.issue("client")
    other = issuer.issue("other")[1]
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    for tls, named in (
        (Tls(certificate=tmp_path / "none.pem"), "none.pem"),
        (Tls(certificate=certificate, key=tmp_path / "none.key"), "none.key"),
        (Tls(certificate=certificate, key=other), "other.key"),
        (Tls(certificate=certificate), "client.crt"),
        (Tls(certificate=empty, key=key), "empty.pem"),
        (Tls(authorities=empty), "empty.pem"),
        (Tls(authorities=tmp_path / "none.pem"), "none.pem"),
        (Tls(key=key), "needs a client certificate"),
    ):
        with pytest.raises(SettingsError, match=named):
            context(tls)
