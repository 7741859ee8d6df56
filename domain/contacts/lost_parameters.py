"""What of the contacts' columns will not reach the agent as it is: said when they come in, not at the call."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from domain.calls.agent_parameters import Loss, build_call_parameters, build_contact_parameters, is_reserved
from domain.calls.models import Audio, CallOrder
from domain.calls.order import build_callback_url
from domain.contacts.report import MAX_VALUES_NAMED, name_rows
from domain.jobs.models import NewContact
from domain.model import Model
from domain.requests.limits import quoted

LONGEST_KEY = "contact_" + "0" * 24 + ":" + "0" * 10
CALL = "call_" + "0" * 24
TOKEN = "0" * 43  # as long as one of a call
SMALLEST_LIMIT = 1_000  # characters, percent-encoded and named, that reach every agent
NAMING = len("X--99=&: \r\n")  # what a carrier may write around a parameter
EXPANSION = 3  # characters for a byte that is percent-encoded

SENTENCES = {
    Loss.CUT: "is longer than the carrier passes on, and the agent will receive its beginning",
    Loss.LEFT_OUT: "will not reach the agent: all columns together are longer than the carrier passes on, and it is"
    " the longest that are left out",
}
RESERVED = "does not reach the agent: names that begin with `outdial_` are the service's own."

Finder = Callable[[CallOrder, str], Mapping[str, Loss]]


class AgentRoute(Model):
    """How a job's calls come to their agent."""

    account: str
    from_: str
    audio: Audio
    audio_url: str
    public_url: str


def warn_of_losses(find: Finder, route: AgentRoute, contacts: Sequence[NewContact]) -> list[str]:
    """One sentence for each column, with the rows where it is cut or left out; `find` asks the carrier."""
    rows: dict[tuple[str, Loss], list[int]] = defaultdict(list)
    callback_url = build_callback_url(route.public_url, route.account, LONGEST_KEY)
    own = build_call_parameters(CALL, TOKEN, route.public_url)
    for contact in contacts:
        for name, loss in find(_order(route, contact, own), callback_url).items():
            rows[name, loss].append(contact.row)
    return list(_sentences(rows))


def warn_of_reserved(contacts: Sequence[NewContact]) -> list[str]:
    """Columns that no agent receives."""
    names = dict.fromkeys(chain.from_iterable(contact.data for contact in contacts))
    return [f"{quoted(name)} {RESERVED}" for name in filter(is_reserved, names)][:MAX_VALUES_NAMED]


def find_safe_size(route: AgentRoute) -> int:
    """Up to which `bound_size` nothing of a contact is lost: cheaper than asking a carrier about 10,000 of them."""
    own = build_call_parameters(CALL, TOKEN, route.public_url)
    taken = sum(EXPANSION * len(f"{name}{value}".encode(errors="replace")) + NAMING for name, value in own.items())
    return (SMALLEST_LIMIT - taken) // EXPANSION


def bound_size(data_text: str) -> int:
    """At least the bytes of a contact's names and texts, by its data as JSON without blanks.

    The quotes, colon and comma of a field make up for what is written around a parameter, `NAMING`. The JSON of lists
    and objects reaches the agent with a blank after each comma and colon.
    """
    size = len(data_text) if data_text.isascii() else len(data_text.encode(errors="replace"))
    return size + data_text.count(",") + data_text.count(":")


def _order(route: AgentRoute, contact: NewContact, own: Mapping[str, str]) -> CallOrder:
    """The longest that the order of a call to this contact can be. `own`: the parameters of the call itself."""
    return CallOrder(
        key=LONGEST_KEY,
        to=contact.number,
        from_=route.from_,
        audio=route.audio,
        audio_url=route.audio_url,
        parameters={**own, **build_contact_parameters(contact.data, contact.number)},
        ring_seconds=1,
        max_call_seconds=1,
        instructions_url=route.public_url,
    )


def _sentences(rows: Mapping[tuple[str, Loss], list[int]]) -> Iterator[str]:
    for (name, loss), where in list(rows.items())[:MAX_VALUES_NAMED]:
        yield f"{name_rows(where)}: {quoted(name)} {SENTENCES[loss]}. `outdial_truncated` tells it so."
    others = {row for where in list(rows.values())[MAX_VALUES_NAMED:] for row in where}
    if others:
        yield f"{name_rows(sorted(others))}: more columns are cut or left out likewise."
