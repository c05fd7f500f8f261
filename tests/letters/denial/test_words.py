"""What the denial reader says to a patient reads at grade 6."""

from compound_coverage.letters.denial import field_labels, reason_kinds
from tools.reading import HIGHEST, english_grade


def test_reasons_and_what_to_ask_read_at_grade_six():
    kinds = reason_kinds().values()
    assert english_grade([kind.plain for kind in kinds]) <= HIGHEST
    assert english_grade([kind.ask for kind in kinds]) <= HIGHEST
    assert english_grade(field_labels().values()) <= HIGHEST


def test_the_codes_read_at_grade_six(bundled):
    codes = bundled.reject_codes.values()
    assert english_grade([code.meaning for code in codes]) <= HIGHEST
    assert english_grade([code.what_to_do for code in codes]) <= HIGHEST
