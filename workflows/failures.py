"""Failures as Temporal keeps them: no telephone number in the text of an error, whoever raised it.

A database's errors quote rows: "Key (from_number, to_number)=(+1…, +1…) already exists".
"""

import dataclasses

from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverter, PayloadConverter

from domain.phone.masking import mask_numbers


class MaskingFailureConverter(DefaultFailureConverter):
    """Masks messages and stack traces, of causes too."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        super().to_failure(exception, payload_converter, failure)
        _mask(failure)


def _mask(failure: Failure) -> None:
    failure.message = mask_numbers(failure.message)
    failure.stack_trace = mask_numbers(failure.stack_trace)
    if failure.HasField("cause"):
        _mask(failure.cause)


DATA_CONVERTER = dataclasses.replace(pydantic_data_converter, failure_converter_class=MaskingFailureConverter)
