"""Where agents may be."""

from ipaddress import ip_address

import pytest

from domain.calls.agent_address import parse_agent_target, parse_hosts, require_reachable, require_sip_destination
from domain.errors import InvalidRequest
from domain.webhooks.destinations import parse_allowed_destinations


@pytest.mark.parametrize(
    ("address", "allowed", "fits"),
    [
        ("8.8.8.8", "", True),
        ("169.254.169.254", "", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "127.0.0.0/8", True),
        ("10.1.2.3", "127.0.0.0/8", False),
        ("::ffff:127.0.0.1", "", False),
    ],
)
def test_no_agent_is_in_a_private_network_unless_it_is_allowed(address: str, allowed: str, fits: bool) -> None:
    target = parse_agent_target("ws://agent.example/calls")
    found, networks = [ip_address(address)], parse_allowed_destinations(allowed)
    if fits:
        require_reachable(target, found, networks)
    else:
        with pytest.raises(InvalidRequest):
            require_reachable(target, found, networks)


@pytest.mark.parametrize(
    ("url", "hosts", "fits"),
    [
        ("sip:ava@agents.example.com", "", True),
        ("sips:ava@agents.example.com:5061;transport=tls", "", True),
        ("sip:+19005550101@carrier.example", "", False),
        ("sip:19005550101:secret@carrier.example", "", False),
        ("sip:+19005550101;phone-context=x@carrier.example", "", False),
        ("sip:ava@carrier.example;user=phone", "", False),
        ("sip:19005550101", "", False),
        ("sip:100@pbx.example", "pbx.example", True),
        ("sip:ava@elsewhere.example", "pbx.example", False),
    ],
)
def test_a_sip_agent_is_no_telephone(url: str, hosts: str, fits: bool) -> None:
    if fits:
        require_sip_destination(url, parse_hosts(hosts))
    else:
        with pytest.raises(InvalidRequest):
            require_sip_destination(url, parse_hosts(hosts))


@pytest.mark.parametrize("url", ["ws:///calls", "ftp://x", "wss://a:99999/", "wss://a:0/"])
def test_what_names_no_host_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_agent_target(url)
