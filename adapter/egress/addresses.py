"""Which addresses may be called: the public ones, and networks that the site named.

The table is ours and not the standard library's, whose answer changed between releases. Of IPv6 only global
unicast (2000::/3) is public, so what hides an IPv4 address elsewhere (compatible, local NAT64) never is.
https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # nearly every cloud
            "169.254.170.2",  # container credentials
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",  # a public address by its number
            "fd00:ec2::254",
            "fd20:ce::254",
        ),
    )
)
SPECIAL: tuple[tuple[str, Network], ...] = tuple(
    (rule, ip_network(network))
    for rule, network in (
        ("unspecified", "0.0.0.0/8"),
        ("private", "10.0.0.0/8"),
        ("shared", "100.64.0.0/10"),  # carrier-grade NAT
        ("loopback", "127.0.0.0/8"),
        ("link-local", "169.254.0.0/16"),
        ("private", "172.16.0.0/12"),
        ("reserved", "192.0.0.0/24"),
        ("reserved", "192.0.2.0/24"),  # documentation
        ("reserved", "192.88.99.0/24"),  # 6to4 relays
        ("private", "192.168.0.0/16"),
        ("reserved", "198.18.0.0/15"),  # benchmarks
        ("reserved", "198.51.100.0/24"),
        ("reserved", "203.0.113.0/24"),
        ("multicast", "224.0.0.0/4"),
        ("reserved", "240.0.0.0/4"),
        ("unspecified", "::/128"),
        ("loopback", "::1/128"),
        ("embedded", "::/96"),  # IPv4-compatible
        ("embedded", "64:ff9b:1::/48"),  # local NAT64
        ("private", "fc00::/7"),
        ("link-local", "fe80::/10"),
        ("private", "fec0::/10"),
        ("multicast", "ff00::/8"),
        ("embedded", "2001::/32"),  # Teredo
        ("reserved", "2001::/23"),
        ("reserved", "2001:db8::/32"),
        ("embedded", "2002::/16"),  # 6to4
        ("reserved", "3fff::/20"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL = IPv6Network("2000::/3")
_ISATAP = (0x00005EFE, 0x02005EFE)


def refusal(address: Address, networks: Sequence[Network] = ()) -> str | None:
    """The rule that forbids an address, such as "loopback"; None when it is public or in one of the networks.

    A metadata service is only ever allowed by a network of that one address.
    """
    plain = plainly(address)
    if plain in METADATA:
        return None if ip_network(plain) in networks else "metadata"
    if any(plain in network for network in networks):
        return None
    for rule, network in SPECIAL:
        if plain in network:
            return rule
    return _hidden(plain) if isinstance(plain, IPv6Address) else None


def plainly(address: Address) -> Address:
    """The address a machine would connect to: of an IPv4-mapped one, the IPv4 address."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _hidden(address: IPv6Address) -> str | None:
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return "embedded" if refusal(low) else None
    return None if address in _GLOBAL else "reserved"
