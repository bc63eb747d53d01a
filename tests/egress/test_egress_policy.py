"""Reading of URLs, hosts, networks and addresses, for any input."""

from dataclasses import FrozenInstanceError
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hostile import ADDRESSES
from hypothesis import example, given
from hypothesis import strategies as st

from adapter import egress
from adapter.egress import urls
from adapter.egress.addresses import METADATA, refusal
from adapter.errors import EgressRefused, SettingsError

AUTHORITY = st.text(alphabet="aäⓐ。.-_:@[]%0x1/?#\\ \t\u200b", max_size=20)


@given(
    st.one_of(st.text(max_size=60), AUTHORITY.map("http://{}".format), AUTHORITY.map("https://a.b{}".format))
)
@example("https://ß.example/")
@example("http://[::ffff:1.2.3.4]:443/")
@example("https://xn--a.example/")
def test_any_text_is_read_in_one_way_or_refused(text):
    try:
        target = urls.parsed(text)
    except EgressRefused as error:
        assert error.rule
        return
    assert target.url.isascii()
    assert urls.parsed(target.url) == target


@given(st.ip_addresses())
def test_what_is_allowed_is_public(address):
    if refusal(address) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_an_address_hidden_in_another_is_no_better(address):
    for hidden in (f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}", f"2a00::5efe:{address}"):
        if refusal(address) is not None:
            assert refusal(ip_address(hidden)) is not None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses(address):
    assert refusal(ip_address(address)) is None


@pytest.mark.parametrize(("address", "rule"), [row for row in ADDRESSES if "%" not in row[0]])
def test_a_network_that_was_named_is_allowed(address, rule):
    parsed = ip_address(address)
    plain = parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed
    assert refusal(parsed, (ip_network(plain),)) is None
    assert refusal(parsed, (ip_network("10.99.0.0/16"), ip_network("fd99::/16"))) == rule


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_metadata_needs_its_own_entry(address):
    found = ip_address(address)
    wide = ip_network((address, 12 if isinstance(found, IPv4Address) else 32), strict=False)
    assert refusal(found, (wide,)) == "metadata"


@pytest.mark.parametrize(
    ("written", "host", "scheme", "port", "below"),
    [
        ("ehr.example", "ehr.example", "https", 443, False),
        ("*.Ehr.Example", "ehr.example", "https", 443, True),
        ("HTTP://*.ehr.example:8080", "ehr.example", "http", 8080, True),
        ("http://10.1.2.3", "10.1.2.3", "http", 80, False),
        ("[fd00::1]:8443", "fd00::1", "https", 8443, False),
        ("äöü.example", "xn--4ca0bs.example", "https", 443, False),
    ],
)
def test_hosts_as_they_are_written(written, host, scheme, port, below):
    (allowed,) = egress.allowing([written]).allowed
    assert allowed == egress.Allowed(host=host, scheme=scheme, port=port, below=below)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "*",
        "*.",
        "ehr.example/path",
        "a.*.example",
        "*ehr.example",
        "ftp://ehr.example",
        "a@b.example",
        "ehr.example.",
        "127.1",
        "*.127.0.0.1",
        "http://",
        "ehr.example:0",
        "ehr example",
        "https://*.*.example",
    ],
)
def test_hosts_that_cannot_be_read(written):
    with pytest.raises(SettingsError, match="allowed host 2 "):
        egress.allowing(["ehr.example", written])


@pytest.mark.parametrize(
    "written", ["", "10.1.2.3/16", "ehr.example", "::ffff:10.0.0.0/104", "0.0.0.0/0", "::/0", "8.0.0.0/7"]
)
def test_networks_that_cannot_be_read_or_open_everything(written):
    with pytest.raises(SettingsError, match="network"):
        egress.allowing([], [written])


@pytest.mark.parametrize("bounds", [{"max_bytes": 0}, {"total_seconds": 0}, {"connect_seconds": -1}])
def test_bounds_below_one(bounds):
    with pytest.raises(SettingsError):
        egress.allowing([], **bounds)


def test_a_policy_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        egress.Policy().max_bytes = 1


def test_names_below_are_not_the_name_itself_nor_addresses():
    policy = egress.allowing(["*.example"])
    policy.check(urls.parsed("https://a.b.example"))
    for url in ("https://example/", "https://badexample/", "https://1.2.3.4/", "https://a.example:444/"):
        with pytest.raises(EgressRefused):
            policy.check(urls.parsed(url))
