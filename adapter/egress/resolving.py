"""The addresses of a host, asked for once and checked one by one.

If any of them is forbidden none is used: a name with a public and a private address is an attack.
"""

import queue
import socket
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

import httpcore

from adapter.egress.addresses import Address, plainly, refusal
from adapter.egress.clock import Deadline
from adapter.egress.policy import Policy
from adapter.egress.urls import Target, refused


class Resolver(Protocol):
    """Anything that knows the addresses of a host."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, in the order they are to be tried; OSError when it has none."""


class SystemResolver:
    """The resolver of the operating system."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses the system gives, each once."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked(target: Target, policy: Policy, resolver: Resolver, deadline: Deadline) -> tuple[Address, ...]:
    """The addresses a target may be called at, IPv4-mapped ones as IPv4.

    Raises EgressRefused when one is forbidden, httpcore.NetworkError or TimeoutException when there is none.
    """
    if target.address is not None:
        found: tuple[Address, ...] = (target.address,)
    else:
        found = tuple(map(_address, _asked(resolver, target, deadline)))
    if not found:
        raise httpcore.ConnectError("the host has no address")
    for address in found:
        if rule := refusal(address, policy.networks):
            raise refused(f"address-{rule}", f"the host resolves to an address that is not public ({rule})")
    return tuple(dict.fromkeys(map(plainly, found)))


def _address(text: str) -> Address:
    try:
        address = ip_address(text)
    except ValueError:
        raise refused("address", "the host resolves to no address") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise refused("address-link-local", "the host resolves to an address with a zone")
    return address if isinstance(address, IPv4Address) else IPv6Address(int(address))


def _asked(resolver: Resolver, target: Target, deadline: Deadline) -> Sequence[str]:
    """The resolver's answer; asked in a thread, for the system's resolver has no time limit."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver.addresses(target.host, target.port))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, name="egress-resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise httpcore.ConnectTimeout from None
    if isinstance(answer, (OSError, UnicodeError)):
        raise httpcore.ConnectError("the host name cannot be resolved")
    if isinstance(answer, Exception):
        raise answer
    return answer
