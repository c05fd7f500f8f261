"""What the denial reader says to a patient reads at grade 6."""

from compound_coverage.letters.denial import field_labels, reason_kinds
from tests.test_reading_level import GRADE, _dictionary, grade

__all__ = ["_dictionary"]


def test_reasons_and_what_to_ask_read_at_grade_six():
    kinds = reason_kinds().values()
    assert grade([kind.plain for kind in kinds]) <= GRADE
    assert grade([kind.ask for kind in kinds]) <= GRADE
    assert grade(field_labels().values()) <= GRADE


def test_the_codes_read_at_grade_six(bundled):
    codes = bundled.reject_codes.values()
    assert grade([code.meaning for code in codes]) <= GRADE
    assert grade([code.what_to_do for code in codes]) <= GRADE
