"""Commands that share options: a parameter's type says which options stand for it."""

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import typer

Function = TypeVar("Function", bound=Callable[..., None])


def command(app: typer.Typer, name: str | None = None, examples: Sequence[str] = ()) -> Callable[[Function], Function]:
    """`app.command`, for functions whose parameters may be made of options; `examples` are lines of the help's end.

    Where a parameter's type has `from_options`, the options that this declares take the parameter's place, and the
    command gets what it returns, for as long as the command runs where that is a context manager.
    """

    def register(function: Function) -> Function:
        signature = inspect.signature(function, eval_str=True)
        made = {
            parameter.name: parameter.annotation
            for parameter in signature.parameters.values()
            if hasattr(parameter.annotation, "from_options")
        }

        @functools.wraps(function)
        def run(**given: Any) -> None:
            with ExitStack() as resources:
                for parameter, kind in made.items():
                    options = {option.name: given.pop(option.name) for option in _options(kind)}
                    given[parameter] = _entered(resources, kind.from_options(**options))
                function(**given)

        run.__signature__ = signature.replace(parameters=list(_replaced(signature)))  # type: ignore[attr-defined]
        app.command(name, epilog=_epilog(examples))(run)
        return function

    return register


def _epilog(examples: Sequence[str]) -> str | None:
    return "\n\n".join(["Examples:", *(f"  {line}" for line in examples)]) if examples else None


def _replaced(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    for parameter in signature.parameters.values():
        kind = parameter.annotation
        yield from _options(kind) if hasattr(kind, "from_options") else [_by_keyword(parameter)]


def _options(kind: Any) -> list[inspect.Parameter]:
    signature = inspect.signature(kind.from_options, eval_str=True)
    return [_by_keyword(parameter) for parameter in signature.parameters.values()]


def _by_keyword(parameter: inspect.Parameter) -> inspect.Parameter:
    """Their order is that of the help; only keywords may have one without a default behind one with it."""
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _entered(resources: ExitStack, thing: Any) -> Any:
    return resources.enter_context(thing) if isinstance(thing, AbstractContextManager) else thing
