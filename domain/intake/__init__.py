"""What comes in: create's fields, and the contacts of a file or of a JSON list."""

from domain.intake.contact_file import read_contact_file
from domain.intake.contact_list import read_contact_list
from domain.intake.fields import ReadFields, read_form, read_json
from domain.intake.report import Intake, IntakeReport
from domain.intake.strict_json import parse_json, parse_json_text

__all__ = [
    "Intake",
    "IntakeReport",
    "ReadFields",
    "parse_json",
    "parse_json_text",
    "read_contact_file",
    "read_contact_list",
    "read_form",
    "read_json",
]
