"""Where a command's answer goes: one JSON document a line for a script, tables and sentences for people."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Self

import typer
from outdial_client import Model as ApiModel
from pydantic.alias_generators import to_camel
from rich.console import Console

from cli.render import Answer, count, pairs, show_listing, text
from domain.model import Model


class Output:
    """Stdout, as `--json` says."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console()

    @classmethod
    def from_options(
        cls, as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False
    ) -> Self:
        return cls(as_json=as_json)

    def show(self, answer: Any, render: Callable[[Console, Any], None]) -> None:
        """Print an answer as JSON, or as `render` prints it: of the API's the fields as it wrote them."""
        fields = answer.to_api() if isinstance(answer, ApiModel) else answer
        if self.as_json:
            typer.echo(json.dumps(fields, ensure_ascii=False))
        else:
            render(self.console, fields)

    def message(self, answer: ApiModel | Answer) -> None:
        """An answer that is a sentence."""
        self.show(answer, lambda console, fields: console.print(text(fields["message"])))

    def page(self, answer: ApiModel, rows: str, columns: dict[str, str], noun: str) -> None:
        """One page of a list; `rows` names it in the answer."""

        def render(console: Console, fields: Answer) -> None:
            show_listing(console, columns, fields[rows])
            console.print(f"page {fields['page']}, {count(fields['total'], noun)}")

        self.show(answer, render)

    def table(self, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
        """A list; its columns are for people, a script gets every field."""
        self.show(rows, lambda console, _: show_listing(console, columns, rows))

    def model(self, thing: Model) -> None:
        """The fields of one thing."""

        def render(console: Console, fields: dict[str, Any]) -> None:
            console.print(pairs({name: text(_short(value)) for name, value in fields.items()}), soft_wrap=True)

        self._show_model(thing.model_dump(mode="json"), render)

    def models(self, things: Iterable[Model], columns: Sequence[str]) -> None:
        """Things of one kind; `columns` are those of their fields that people see."""

        def render(console: Console, rows: list[dict[str, Any]]) -> None:
            headings = {column: column.replace("_", " ").capitalize() for column in columns}
            show_listing(console, headings, [{name: _short(row[name]) for name in columns} for row in rows])

        self._show_model([thing.model_dump(mode="json") for thing in things], render)

    def _show_model(self, fields: Any, render: Callable[[Console, Any], None]) -> None:
        """What comes from the database looks to a script as what comes from the API."""
        self.show(_camel(fields), lambda console, _: render(console, fields))


def _camel(value: Any) -> Any:
    """The same with its fields' names as the API writes them."""
    if isinstance(value, list):
        return [_camel(one) for one in value]
    if isinstance(value, dict):
        return {to_camel(name.rstrip("_")): _camel(one) for name, one in value.items()}
    return value


def _short(value: object) -> object:
    """An agent within a number is shown by its name."""
    return f"{value['name']} ({value['id']})" if isinstance(value, dict) else value
