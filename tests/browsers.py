"""The Chromium that is installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(looked_at: str) -> Iterator[Browser]:
    """Where none is installed the test is skipped, or fails where OUTDIAL_REQUIRE names `chromium`.

    `looked_at`: what then is not.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        message = f"no Chromium is installed (Debian: apt-get install chromium); {looked_at} is not looked at"
        if "chromium" in os.environ.get("OUTDIAL_REQUIRE", ""):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
