"""Calling windows by name, from `presets.toml`: each with its sources and the day on which they were read."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path

from domain.frequency import ContactFrequency
from domain.model import Model
from domain.windows import CallingWindow

_DATA = Path(__file__).with_name("presets.toml")


class Preset(Model):
    """What a rule on telephone marketing allows: hours, and where it has one a cap on calls to a number."""

    name: str
    title: str
    window: CallingWindow
    frequency: ContactFrequency | None = None
    sources: tuple[str, ...]
    checked: date
    note: str


@cache
def _read() -> dict[str, Preset]:
    data = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {name: _preset(name, Preset.model_validate({"name": name, **entry})) for name, entry in data.items()}


def _preset(name: str, preset: Preset) -> Preset:
    return preset.model_copy(update={"window": preset.window.model_copy(update={"preset": name})})


PRESETS: tuple[str, ...] = tuple(_read())


def preset(name: str) -> Preset:
    """The preset of that name. Raises KeyError."""
    return _read()[name]


def frequency_under(window: CallingWindow | None, given: ContactFrequency | None) -> ContactFrequency | None:
    """The caps that hold under a window: those given and those of its preset, the stricter of each."""
    own = None if window is None or window.preset is None else preset(window.preset).frequency
    return own if given is None else given if own is None else given.with_stricter(own)
