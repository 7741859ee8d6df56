"""What a run prints."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import median

from tests.chaos.run import Options, Outcome
from tests.invariants import carrier_cost, contact_of, is_uncertain

SHOWN = 20  # breaches of one invariant


def lines(options: Options, outcome: Outcome) -> Iterator[str]:
    run = outcome.run
    contacts = [contact for job in run.jobs for contact in job.contacts]
    yield f"seed {options.seed}, {len(contacts)} contacts, {len(run.jobs)} jobs, speed {options.speed:g}"
    yield f"{len(run.dials)} dials in {outcome.seconds:.0f} s; {dict(Counter(c['status'] for c in contacts))}"
    called = {contact_of(dial) for dial in run.dials}
    never = sum(one["status"] == "carrier_error" and one["id"] not in called for one in contacts)
    yield f"{sum(map(is_uncertain, contacts))} outcomes unknown, {never} given up without a call"
    yield from _disruptions(outcome)
    given = Counter(order.what for order in run.orders)
    excepted = sum(order.not_stopped for order in run.orders)
    yield f"orders answered: {dict(given)}, with {excepted} calls not stopped; {outcome.unanswered} not answered"
    for organization in run.organizations:
        cost = carrier_cost(run, organization.id)
        difference = organization.captured - cost
        yield f"{organization.id}: charged {organization.captured}, by the carrier {cost}, difference {difference}"
    if outcome.unfinished:
        yield f"judged before all was over: {outcome.unfinished}"
    for verdict in outcome.verdicts:
        yield f"{len(verdict.breaches)} {verdict.name}"
        yield from (f"    {breach}" for breach in verdict.breaches[:SHOWN])


def _disruptions(outcome: Outcome) -> Iterator[str]:
    """How many of each, and how long it took until somebody was dialed again."""
    lost: dict[str, list[float]] = defaultdict(list)
    skipped: Counter[str] = Counter()
    for done in outcome.done:
        if done.skipped:
            skipped[done.disruption.name] += 1
            continue
        after = [dial["askedAt"] - done.at for dial in outcome.run.dials if dial["askedAt"] > done.at]
        lost[done.disruption.name].append(min(after, default=0.0))
    for name, seconds in sorted(lost.items()):
        yield f"{len(seconds)} x {name}: dialed again after {median(seconds):.1f} s, {max(seconds):.1f} s at most"
    if skipped:
        yield f"not possible on this machine: {dict(skipped)}"
    yield f"{sum(done.disruption.how == 'kill' for done in outcome.done)} kills in all"
