"""Programs that some tests use, and that pip does not install."""

import os
import shutil

import pytest


def need(program: str, package: str) -> None:
    """Skip the test where it is not installed, or fail it where OUTDIAL_REQUIRE names it. `package`: Debian's."""
    if shutil.which(program) is not None:
        return
    message = f"{program} is not installed (Debian: apt-get install {package})"
    if program in os.environ.get("OUTDIAL_REQUIRE", "").split(","):
        pytest.fail(message)
    pytest.skip(message)
