"""Calling windows by name, from `presets.toml`: each with its sources and the day on which they were read."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.window import CallingWindow
from domain.model import Model

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
def _load() -> dict[str, Preset]:
    data = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {name: _name_window(name, Preset.model_validate({"name": name, **entry})) for name, entry in data.items()}


def _name_window(name: str, preset: Preset) -> Preset:
    return preset.model_copy(update={"window": preset.window.model_copy(update={"preset": name})})


PRESETS: tuple[str, ...] = tuple(_load())


def get_preset(name: str) -> Preset:
    """The preset of that name. Raises KeyError."""
    return _load()[name]


def get_preset_frequency(window: CallingWindow | None) -> ContactFrequency | None:
    """The cap that a window brings by the preset under whose name it was chosen."""
    chosen = None if window is None or window.preset is None else _load().get(window.preset)
    return None if chosen is None else chosen.frequency
