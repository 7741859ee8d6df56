import socket

import pytest

from stack.errors import PortTaken
from stack.ports import LOOPBACK, choose_port, free_port, is_free


@pytest.fixture
def taken():
    with socket.create_server((LOOPBACK, free_port())) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_said_with_the_flag_that_helps(taken: int) -> None:
    with pytest.raises(PortTaken, match=rf"Port {taken} is taken.*--ui-port N; --ui-port 0 takes a free one"):
        choose_port(taken, "--ui-port")


def test_port_zero_takes_a_free_one_below_the_range_of_outgoing_connections() -> None:
    port = choose_port(0, "--api-port")
    assert is_free(port)
    assert 1024 < port < 32_768


def test_a_port_is_free_again_while_its_former_connections_linger() -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, port)) as server, socket.create_connection((LOOPBACK, port)):
        connection, _ = server.accept()
        connection.close()  # the server's side closes first: TIME_WAIT stays on our port
    assert is_free(port)
