"""A request over httpx that must not be sent too late, and of which it is known whether it was."""

from dataclasses import dataclass
from typing import Any

from carriers import TooLate
from carriers.clock import boot_time

SENDING = (".send_request_headers.started", ".send_request_body.started")  # httpcore's names of these steps


@dataclass
class OutgoingRequest:
    """`send_before`: the instant (`boot_time()`) after which nothing may be sent. `sent`: whether anything was.

    For httpx's extension `trace`. The clock is read right before the headers are written, and again before the body.
    """

    send_before: float
    sent: bool = False

    async def trace(self, event: str, _: dict[str, Any]) -> None:
        """Called by the transport at each step; raising TooLate here keeps the request, or its body, back."""
        if event.endswith(SENDING):
            if boot_time() >= self.send_before:
                raise TooLate("The request was held back: its time to leave had passed.")
            self.sent = True
