"""Which addresses webhooks may reach: nobody's private network, however an address is written."""

from ipaddress import ip_address

import pytest

from domain.errors import InvalidRequest
from domain.webhooks.destinations import (
    is_private,
    may_send_to,
    parse_allowed_destinations,
    parse_target,
    require_allowed,
)

LOCAL = ip_address("127.0.0.1")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.0.9", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.8", "192.0.0.9", "192.88.99.1", "192.168.1.1", "198.18.0.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "::ffff:0:127.0.0.1", "100:0:0:1::1", "3fff::1",
        "4000::1", "5f00::1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "fc00::1",
        "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_of_a_private_network_is_not_reached(address: str) -> None:
    assert is_private(ip_address(address))
    assert not may_send_to(ip_address(address), 443, ())


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "100.63.255.255", "172.15.255.255", "172.32.0.1", "192.169.0.1", "223.255.255.255",
        "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1",
    ],
)  # fmt: skip
def test_a_public_address_is_reached(address: str) -> None:
    assert may_send_to(ip_address(address), 443, ())


def test_an_operator_allows_networks_addresses_and_single_ports() -> None:
    allowed = parse_allowed_destinations(" 10.0.0.0/8, 127.0.0.1:8080,[::1]:80 , [fd00::]:9, fe80::/10")
    assert may_send_to(ip_address("10.9.9.9"), 1, allowed)
    assert may_send_to(LOCAL, 8080, allowed)
    assert may_send_to(ip_address("::ffff:127.0.0.1"), 8080, allowed)
    assert not may_send_to(LOCAL, 8081, allowed)
    assert may_send_to(ip_address("::1"), 80, allowed)
    assert may_send_to(ip_address("fe80::1"), 5, allowed)
    assert not may_send_to(ip_address("192.168.0.1"), 80, allowed)


@pytest.mark.parametrize("setting", ["10.0.0.1/8", "somewhere", "127.0.0.1:http", "[::1"])
def test_a_setting_that_names_no_network_is_refused(setting: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever it is: the process does not start
        parse_allowed_destinations(setting)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com", "example.com", 443),
        ("https://example.com:8443/a?b=c", "example.com", 8443),
        ("http://10.0.0.1/x", "10.0.0.1", 80),
        ("https://[2606:4700::1]/", "2606:4700::1", 443),
    ],
)
def test_a_url_is_taken_apart(url: str, host: str, port: int) -> None:
    target = parse_target(url)
    assert (target.host, target.port) == (host, port)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com", "https://", "https:///x", "https://exa mple.com",
        "https://user:pw@example.com", "https://example.com#part", "https://example.com:99999", "https://example.com:0",
        "https://example.com\\@127.0.0.1", "https://exämple.com", "https://[::1", "https://example.com/" + "x" * 2048,
        "https://example.com/\n",
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_target(url)
    assert refusal.value.details[0]["field"] == "url"


def test_one_private_address_among_public_ones_refuses_the_host() -> None:
    both = [ip_address("1.1.1.1"), LOCAL]
    with pytest.raises(InvalidRequest, match="private network"):
        require_allowed(parse_target("https://example.com"), both, ())


def test_without_https_only_what_an_operator_allows_is_sent_to() -> None:
    allowed = parse_allowed_destinations("127.0.0.1:80")
    require_allowed(parse_target("http://localhost"), [LOCAL], allowed)
    with pytest.raises(InvalidRequest, match="https"):
        require_allowed(parse_target("http://example.com"), [ip_address("1.1.1.1")], allowed)
    with pytest.raises(InvalidRequest, match="https"):
        require_allowed(parse_target("http://example.com"), [], allowed)


def test_a_name_that_has_no_address_now_is_judged_later() -> None:
    require_allowed(parse_target("https://example.com"), [], ())
