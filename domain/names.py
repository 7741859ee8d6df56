"""How our names read in the contract."""

from pydantic.alias_generators import to_camel

_OTHERWISE = {"start_within_minutes": "startWithin"}


def contract_name(field: str) -> str:
    """The JSON name of a field of a job.

    >>> contract_name("concurrent_call_limit")
    'concurrentCallLimit'
    """
    return _OTHERWISE.get(field, to_camel(field))
