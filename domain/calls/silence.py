"""When a carrier that posts its events to us does not reach us.

Outcomes stay right, for the carrier is asked after a minute of silence; but each call holds its line until then.
"""

from datetime import datetime, timedelta

SILENT_CALLS = 10  # in a row, of one account: chance does not lose every event of so many calls
SILENCE_BEFORE_PAUSE = timedelta(minutes=5)  # real time: longer than a restart of the API
NEXT_STEP = "Carriers must reach the API at OUTDIAL_PUBLIC_URL: check it, and what stands before the API."
NOTHING_ARRIVES = (
    f"No event of the account's last {SILENT_CALLS} calls arrived, so that calls hold their lines for up to a minute"
    f" too long. {NEXT_STEP}"
)


def find_silence_pause(silent_calls: int, silent_since: datetime | None, now: datetime) -> str | None:
    """Why a job pauses itself whose call was the latest without an event; None where it goes on."""
    if silent_calls < SILENT_CALLS or silent_since is None or now - silent_since < SILENCE_BEFORE_PAUSE:
        return None
    return (
        f"The circuit breaker paused the job: no event of the last {SILENT_CALLS} calls arrived. {NEXT_STEP}"
        " Then resume."
    )
