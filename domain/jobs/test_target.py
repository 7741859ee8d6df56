"""Whom a test call is to reach: somebody who wants to hear the agent, in place of a contact."""

from collections.abc import Mapping
from typing import Annotated, Any

from domain.errors import InvalidPhoneFormat
from domain.phone.numbers import PhoneProblem, read_phone
from domain.requests.field_types import Text
from domain.requests.reading import Problems, drop_nulls, read_model
from domain.requests.request_model import RequestModel

PHONE = "phone"  # its name in a body


class TestTarget(RequestModel):
    __test__ = False  # it is no test of ours

    phone: Annotated[str, Text(required=True)]


def read_target(sent: Mapping[str, Any]) -> str:
    """The number, E.164. Raises InvalidRequest, InvalidPhoneFormat."""
    problems = Problems()
    target = read_model(TestTarget, drop_nulls(sent), problems)
    problems.raise_if_any()
    number = read_phone(target.phone)
    if isinstance(number, PhoneProblem):
        raise InvalidPhoneFormat(f"phone {number.reason}.", [{"field": PHONE, "reason": number.reason}])
    return number
