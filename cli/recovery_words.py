"""What `outdial recover` found, and will do or has done, in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cli.render import Answer, count

if TYPE_CHECKING:
    from stack.recovery import Findings

NOTHING = "Nothing is to be recovered: the database knows its calls, and Temporal its jobs."
MAX_SHOWN = 20  # contacts and numbers in a sentence; --json has them all


def describe(found: "Findings", *, done: bool) -> list[str]:
    """Sentence by sentence; `done`: it was done, else it will be."""
    if found.is_nothing:
        return [NOTHING]
    workflows = found.workflows
    counts = f"{count(workflows.open_jobs, 'open job')}, {count(found.waiting, 'contact')} to be called"
    told = [f"The database has {counts}, {count(found.live, 'live call')}."]
    if workflows.restored:
        told.append(f"{_will('All open jobs', done)} started anew in Temporal, in place of what runs for them there.")
    elif workflows.unknown:
        started = count(len(workflows.unknown), "open job")
        told.append(f"{_will(f'{started} that Temporal does not know', done)} started anew in it, within a minute.")
    if workflows.orphans:
        told.append(
            f"{_will(f'Jobs of Temporal that are not in the database, {len(workflows.orphans)},', done)} ended."
        )
    for account in found.accounts:
        told += _about(account.model_dump(), done=done)
    if found.accounts:
        told.append(
            "What people did since the backup is not known: look whom the do-not-call list lacks, who was to be "
            "forgotten, which jobs had been paused or cancelled, which credits added."
        )
    return told


def _about(account: Answer, *, done: bool) -> list[str]:
    name, since = account["account"], datetime.fromisoformat(account["since"])
    who = f"{name} since {since:%Y-%m-%d %H:%M:%S} UTC"
    if account["cannot_tell"]:
        paused = _will(count(account["calling_jobs"], "job"), done)
        return [f"{who}: it cannot be told who was called. {paused} paused with the reason, for a person to look at."]
    if account["trouble"] is not None:
        return [f"{who}: {account['trouble']} No call starts through it until it answers."]
    told = [
        f"{who}: {count(account['known'] + account['found'] + account['unowned'], 'call')}, of which "
        f"{account['known']} are known, {account['live']} are live. {_will(str(account['found']), done)} written down "
        "for their contacts."
    ]
    if account["unowned"]:
        told.append(
            f"{name}: {account['unowned']} are of no job that the database knows. They are charged, and count for the "
            f"caps on calls to a number: {_some(account['numbers'])}. --write-calls has "
            "them: leave them out where such a job is created again."
        )
    if account["campaign_contacts"]:
        called = _will(count(account["campaign_contacts"], "contact"), done)
        told.append(f"{name}: {called} left out of their campaigns: jobs called them that the database does not have.")
    if account["uncertain_contacts"]:
        told.append(
            f"{name}: it cannot be told which of these contacts was called, and none of them is called again before a "
            f"person has looked: {_some(account['uncertain_contacts'])}."
        )
    return told


def _will(subject: str, done: bool) -> str:
    if not done:
        return f"{subject} will be"
    return f"{subject} {'was' if subject.split(maxsplit=1)[0] == '1' else 'were'}"


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - MAX_SHOWN} more" if len(words) > MAX_SHOWN else ""
    return f"{', '.join(words[:MAX_SHOWN])}{more}"
