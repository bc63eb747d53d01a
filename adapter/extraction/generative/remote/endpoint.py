"""Where an OpenAI-compatible server is, how it is spoken to, and how long it is waited for."""

import ipaddress
from dataclasses import dataclass
from typing import Final

from adapter.egress import Policy, Target, parsed
from adapter.egress.addresses import Network
from adapter.egress.policy import Allowed
from adapter.errors import EgressRefused, SettingsError
from adapter.secret import Secret

DIALECTS: Final = ("openai", "llama-server", "vllm", "vllm-guided", "ollama", "llama-cpp-python")
VERSION: Final = "/v1"
LONGEST: Final = 24 * 3600.0  # seconds; every call has a nearer deadline of its own
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_PRIVATE: Final = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What a site says about its model server."""

    url: str  # its base, e.g. "https://models.example.org/v1"; without a path "/v1" is meant
    model: str = ""  # as the server names it; "": the only one it serves
    dialect: str = "openai"  # one of DIALECTS
    key: Secret | None = None  # sent as a bearer token
    insecure: bool = False  # plain http to another machine is meant
    slots: int = 0  # requests at the same time; 0: what the server says, else 1
    context: int = 0  # tokens of prompt and answer together; 0: what the server says
    logprobs: bool = True  # ask how sure the model is of each token
    connect_seconds: float = 5.0
    asking_seconds: float = 30.0  # for what is no answer of a model: what is served, how long a text is
    first_seconds: float = 90.0  # until the first token
    pause_seconds: float = 30.0  # between two tokens
    tries: int = 4  # of a call that may go through when tried again
    backoff_seconds: float = 0.5  # before the second try; doubles with each
    max_bytes: int = 64 * 1024 * 1024  # of one answer on the wire

    def __post_init__(self) -> None:
        if self.dialect not in DIALECTS:
            raise SettingsError(f"the dialect of the model server must be one of {', '.join(DIALECTS)}")
        if self.slots < 0 or self.context < 0 or self.tries < 1 or self.max_bytes < 1:
            raise SettingsError("the bounds of the model server must not be negative")
        times = (self.connect_seconds, self.asking_seconds, self.first_seconds, self.pause_seconds)
        if min(*times, self.backoff_seconds) <= 0:
            raise SettingsError("the times of the model server must be above zero")
        if self.target.scheme == "http" and not (self.insecure or self.local):
            raise SettingsError("the model server must be https, or http on this machine")

    @property
    def target(self) -> Target:
        """What the URL calls. SettingsError when it cannot be read."""
        try:
            target = parsed(self.url)
        except EgressRefused as error:
            raise SettingsError(f"the URL of the model server cannot be read: {error}") from None
        if "?" in target.path:
            raise SettingsError("the URL of the model server has a query")
        return target

    @property
    def host(self) -> str:
        """The name of the server, as messages have it."""
        return self.target.authority

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        target = self.target
        return target.host == "localhost" or (target.address is not None and target.address.is_loopback)

    @property
    def base(self) -> str:
        """The URL that "/chat/completions" is put after."""
        url = self.target.url.rstrip("/")
        return url if self.target.path.strip("/") else url + VERSION

    @property
    def root(self) -> str:
        """The URL that paths outside the OpenAI interface are put after."""
        return self.base.removesuffix(VERSION)

    def policy(self) -> Policy:
        """Calls to this server alone, also at a private address; at a loopback address if it is local."""
        target = self.target
        return Policy(
            allowed=(Allowed(host=target.host, scheme=target.scheme, port=target.port),),
            networks=_networks(_LOOPBACK) if self.local else (*_networks(_PRIVATE), *_unique_local()),
            max_bytes=self.max_bytes,
            total_seconds=LONGEST,
            connect_seconds=self.connect_seconds,
        )


def _networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(one) for one in written)


def _unique_local() -> tuple[Network, ...]:
    """The private addresses of IPv6 that are in use, as networks no wider than a policy takes."""
    return tuple(ipaddress.ip_network("fd00::/8").subnets(new_prefix=16))
