"""While the connection goes to an address, the certificate is still that of the host's name."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from loopback import Names, answer, client_tls, giving, serving

from adapter import egress
from adapter.errors import EgressFailed, EgressRefused


def certificate(name):
    """A self-signed certificate for a name: (certificate, key), both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signed.public_bytes(serialization.Encoding.PEM), private


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The certificate of files.example as text, and a file with its key."""
    public, private = certificate("files.example")
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(public + private)
    return public.decode(), path


@pytest.fixture
def server(made):
    """An https server that has the certificate of files.example and keeps the names it was asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made[1])
    names = []
    context.sni_callback = lambda line, name, context: names.append(name)
    with serving(giving(answer(b"secure")), tls=context) as peer:
        peer.names = names
        yield peer


def fetch(server, host, tls=None):
    policy = egress.allowing([f"{host}:{server.port}"], ["127.0.0.0/8"], types=frozenset({"text/plain"}))
    return egress.fetch(f"https://{host}:{server.port}/", policy, resolver=Names(), tls=tls)


def test_the_name_is_asked_for_and_checked(server, made):
    assert fetch(server, "files.example", client_tls(made[0])).content == b"secure"
    assert server.names == ["files.example"]
    assert server.header("Host") == f"files.example:{server.port}"


def test_a_certificate_of_another_name(server, made):
    with pytest.raises(EgressFailed) as error:
        fetch(server, "other.example", client_tls(made[0]))
    assert str(error.value) == "the certificate of the host is not valid for its name or not trusted"
    assert server.names == ["other.example"]
    assert server.requests in ([], [""])  # nothing was said before the certificate was known


def test_a_certificate_for_a_name_is_none_for_its_address(server, made):
    with pytest.raises(EgressFailed, match="certificate"):
        fetch(server, "127.0.0.1", client_tls(made[0]))


def test_a_certificate_nobody_trusts(server):
    with pytest.raises(EgressFailed, match="certificate"):
        fetch(server, "files.example")


def test_a_server_without_tls(made):
    with (
        serving(giving(answer()), patience=0.2) as plain,
        pytest.raises(EgressFailed, match="secure connection"),
    ):
        fetch(plain, "files.example", client_tls(made[0]))


def test_no_redirect_from_https_to_http(made):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made[1])
    with serving(giving(answer())) as plain:
        moved = answer(status="302 Found", Location=f"http://files.example:{plain.port}/")
        with serving(giving(moved), tls=context) as secure:
            hosts = [f"files.example:{secure.port}", f"http://files.example:{plain.port}"]
            policy = egress.allowing(hosts, ["127.0.0.0/8"])
            url = f"https://files.example:{secure.port}/"
            with pytest.raises(EgressRefused) as error:
                egress.fetch(url, policy, resolver=Names(), tls=client_tls(made[0]))
        assert error.value.rule == "redirect-http"
        assert plain.connections == 0
