"""Failures as Temporal keeps them: no telephone number in the text of an error, whoever raised it.

A database's errors quote rows: "Key (from_number, to_number)=(+1…, +1…) already exists".
"""

import dataclasses

from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverter, PayloadConverter

from domain.phone.masking import mask_numbers
from workflows.payload_encryption import PayloadEncryption


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


class EncodingFailureConverter(MaskingFailureConverter):
    """Has messages and stack traces encoded as payloads are, too."""

    def __init__(self) -> None:
        super().__init__(encode_common_attributes=True)


DATA_CONVERTER = dataclasses.replace(pydantic_data_converter, failure_converter_class=MaskingFailureConverter)


def data_converter(encryption: PayloadEncryption | None) -> DataConverter:
    """With `encryption` nothing that we say to Temporal can be read there but ids and search attributes."""
    if encryption is None:
        return DATA_CONVERTER
    return dataclasses.replace(
        DATA_CONVERTER, payload_codec=encryption, failure_converter_class=EncodingFailureConverter
    )
