"""Where webhooks may go: addresses that belong to nobody's private network, and what an operator allows besides.

Sources: the special-purpose registries of IANA for IPv4 and IPv6; RFC 6052 and RFC 8215 (NAT64), RFC 3056 (6to4).
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import urlsplit

from domain.errors import InvalidRequest
from domain.model import Model

Address = IPv4Address | IPv6Address

MAX_URL_LENGTH = 2048
PORTS = {"https": 443, "http": 80}
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # nothing else is assigned to hosts of the internet
_NOT_PUBLIC = (  # what `is_global` lets through, in all or some releases of Python
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv6Network("2001::/23"),  # Teredo, ORCHID and other protocols
    IPv6Network("3fff::/20"),  # documentation
)
_NAT64 = IPv6Network("64:ff9b::/96")


class AllowedDestination(Model):
    """A network, and one port of it or all."""

    network: IPv4Network | IPv6Network
    port: int | None = None

    def covers(self, address: Address, port: int) -> bool:
        return address in self.network and self.port in {None, port}


class Target(Model):
    """Where a URL points before its host is looked up."""

    scheme: str
    host: str
    port: int


def parse_allowed_destinations(setting: str) -> tuple[AllowedDestination, ...]:
    """Read what an operator allows: `10.0.0.0/8, 127.0.0.1:8080, [::1]:80`. Raises ValueError."""
    return tuple(_parse_allowed_destination(entry.strip()) for entry in setting.split(",") if entry.strip())


def _parse_allowed_destination(entry: str) -> AllowedDestination:
    bracketed = re.fullmatch(r"\[(.+)\](?::(\d+))?", entry)
    if bracketed:
        network, port = bracketed.groups()
    elif entry.count(":") == 1:
        network, port = entry.split(":")
    else:
        network, port = entry, None
    return AllowedDestination(network=ip_network(network), port=None if port is None else int(port))


def is_private(address: Address) -> bool:
    """Whether an address is private, loopback, link-local, multicast or reserved, however it is written."""
    if isinstance(address, IPv6Address):
        embedded = _find_embedded_ipv4(address)
        if embedded is not None:
            return is_private(embedded)
        if address not in _GLOBAL_UNICAST:
            return True
    return not address.is_global or address.is_multicast or any(address in network for network in _NOT_PUBLIC)


def _find_embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: NAT64, mapped or 6to4."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def may_send_to(address: Address, port: int, allowed: Iterable[AllowedDestination]) -> bool:
    """Whether a request may be sent to an address: a public one, or one that the operator allows."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return may_send_to(address.ipv4_mapped, port, allowed)
    return any(destination.covers(address, port) for destination in allowed) or not is_private(address)


def parse_target(url: str) -> Target:
    """Take a webhook's URL apart. Raises InvalidRequest where it is none that we can send to."""
    if len(url) > MAX_URL_LENGTH or not _PRINTABLE.fullmatch(url):
        raise invalid_url_error(f"must be a URL of at most {MAX_URL_LENGTH:,} printable ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise invalid_url_error("is not a URL") from None
    if parts.scheme not in PORTS or not _HOST.fullmatch(host):
        raise invalid_url_error("must be a URL such as https://example.com/hooks")
    if "@" in parts.netloc or "#" in url:
        raise invalid_url_error("must hold no user name, password or fragment")
    if port == 0:
        raise invalid_url_error("has no such port")
    return Target(scheme=parts.scheme, host=host, port=port or PORTS[parts.scheme])


def require_allowed(target: Target, addresses: Iterable[Address], allowed: Iterable[AllowedDestination]) -> None:
    """Raises InvalidRequest where a host's addresses, as they are now, may not be sent to."""
    found, allowed = list(addresses), tuple(allowed)
    if not all(may_send_to(address, target.port, allowed) for address in found):
        raise invalid_url_error("points to a private network, which webhooks may not reach")
    named = bool(found) and all(any(destination.covers(one, target.port) for destination in allowed) for one in found)
    if target.scheme != "https" and not named:
        raise invalid_url_error("must begin with https://")


def invalid_url_error(reason: str) -> InvalidRequest:
    return InvalidRequest(f"url {reason}.", [{"field": "url", "reason": reason}])
