"""What is found in a letter, what is left alone, and that every value stands in its words."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compound_coverage.letters.denial import Document, Page, field_labels, read_denial, read_pasted
from compound_coverage.letters.denial.dates import dates_in, months_in
from compound_coverage.letters.denial.patterns import patterns
from compound_coverage.letters.denial.sheet import Sheet
from tests import pace
from tests.letters.denial import making


def read(text):
    return read_denial(read_pasted(text), {})


def values(text, field):
    return list(read(text).values(field))


# -- the decision ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("Your request was denied.", "denied"),
        ("We cannot approve this drug.", "denied"),
        ("Status: Not Covered", "denied"),
        ("We are upholding our denial. We first denied it in May.", "denied"),
        ("Decision: Partially approved. We denied the rest.", "partly_denied"),
        ("Your request has been approved. If a claim is denied, call us.", "approved"),
        ("We denied this in May. We have decided to overturn our denial.", "approved"),
        ("We dismissed your appeal.", "dismissed"),
        ("We need more information before we can decide.", "more_information"),
        ("We need more information. Without it we denied your request.", "denied"),
        ("The first drug is approved. The second drug is denied.", "unclear"),
        ("If your request is denied, you may appeal.", "unclear"),
        ("The request may be denied.", "unclear"),
        ("When a claim was denied, call us.", "unclear"),
        ("Hello. This is your new card.", "unclear"),
        ("This drug is not approved by the FDA.", "unclear"),
    ],
)
def test_the_decision_is_what_was_decided_and_not_what_might_be(text, decision):
    assert read(text).decision == decision


def test_two_decisions_of_equal_weight_are_both_offered_unsure():
    denial = read("The first drug is approved.\n\nThe second drug is denied.")
    assert [(one.value, one.sure) for one in denial.all("decision")] == [
        ("approved", False),
        ("denied", False),
    ]


# -- reject codes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Reject 75", ["75"]),
        ("NCPDP reject code: 70", ["70"]),
        ("Rej 70/76", ["70", "76"]),
        ("511-FB 70", ["70"]),
        ("REJECT CODE(S): 70, 75 AND 3Y", ["70", "75", "3Y"]),
        ("Rejection codes 70 & PF", ["70", "PF"]),
        ("Rejected code 7Ø", ["70"]),
        ("reject code 8Z", ["8Z"]),
        ("Reject code is 75.", ["75"]),
        ("Rx 75 mg, 70 tablets", []),
        ("We reject 20 claims a day", []),
        ("The plan may reject 75", []),
        ("CLAIM REJECTED", []),
        ("Reject 75% of it", []),
        ("REJECT CODE OF THE CLAIM", []),
        ("The code is 75", []),
    ],
)
def test_a_reject_code_is_found_only_where_it_is_called_one(text, codes):
    assert values(text, "reject_code") == codes


# -- dates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "sure"),
    [
        ("03/09/2026", "2026-03-09", True),
        ("3-9-2026", "2026-03-09", True),
        ("March 9, 2026", "2026-03-09", True),
        ("Mar. 9th 2026", "2026-03-09", True),
        ("9 Mar 2026", "2026-03-09", True),
        ("9th of March, 2026", "2026-03-09", True),
        ("2026-03-09", "2026-03-09", True),
        ("03/09/26", "2026-03-09", False),
        ("27/03/2026", "2026-03-27", False),
        ("O3/l5/2O26", "2026-03-15", False),
        ("March l2, 2026", "2026-03-12", False),
    ],
)
def test_dates_are_read_as_americans_write_them(text, value, sure):
    denial = read(f"Notice date: {text}")
    assert [(one.value, one.sure) for one in denial.all("notice_date")] == [(value, sure)]


@pytest.mark.parametrize(
    "text",
    [
        "02/30/2026",
        "13/13/2026",
        "March 32, 2026",
        "1776-07-04",
        "00/00/0000",
        "lI/OO/IOlO",
        "1.2.3",
    ],
)
def test_what_is_no_day_on_the_calendar_is_no_date(text):
    assert dates_in(text) == []


def test_a_month_is_enough_for_a_policy():
    assert [day.value for day in months_in("revised March 2026", 0, 18)] == ["2026-03"]


@pytest.mark.parametrize(
    "text",
    [
        "Date of birth: 01/01/1980",
        "Date of request: January 12, 2026",
        "On March 9, 2026 we got your form.",
        "12/01/2026 09:14 AM  EXAMPLE FAX  PAGE 1",
    ],
)
def test_other_dates_are_not_the_date_of_the_letter(text):
    assert values(text, "notice_date") == []


# -- until when --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("You may appeal within sixty (60) days.", "appeal_within", "60 days"),
        ("You have one hundred eighty days to appeal.", "appeal_within", "180 days"),
        ("Appeals must be filed within 30 business days.", "appeal_within", "30 business days"),
        ("You may appeal within 1 month.", "appeal_within", "1 month"),
        ("Last day to appeal: 05/13/2026", "appeal_deadline", "2026-05-13"),
        ("You must appeal by May 13, 2026.", "appeal_deadline", "2026-05-13"),
        ("Ask for a fair hearing within 90 days.", "hearing_within", "90 days"),
        ("Ask for an external review within four months.", "external_review_within", "4 months"),
        ("For a fast appeal call us. We decide within 24 hours.", "expedited_hours", "24"),
    ],
)
def test_the_time_for_each_road_is_found(text, field, value):
    assert values(text, field) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "You can appeal. We must give you a written decision within 7 days.",
        "You can appeal. Our decision will be mailed within 30 days.",
        "You can appeal. We will decide by May 13, 2026.",
        "You can appeal. The limit is 60 capsules per 30 days.",
        "You can appeal. Our nurse line is open 24 hours a day.",
        "Questions? Call within 30 days.",
    ],
)
def test_the_plans_own_clock_is_not_yours(text):
    found = read(text).findings
    assert not [one for one in found if one.field.endswith(("_within", "_hours", "_deadline"))]


@pytest.mark.parametrize(
    ("words", "counted_from"),
    [
        ("of the date of this notice", "notice_date"),
        ("from the date on this letter", "notice_date"),
        ("after you receive this notice", "receipt"),
        ("of receipt of this letter", "receipt"),
        ("after you get our final decision", "final_decision"),
    ],
)
def test_the_day_a_clock_starts_is_found(words, counted_from):
    text = f"You may appeal within 60 days {words}."
    assert values(text, "appeal_counted_from") == [counted_from]


# -- where to ----------------------------------------------------------------------------------


def test_each_number_goes_with_the_road_spoken_of_last():
    text = (
        "Questions? Call 000-555-0101.\n\n"
        "Fax your appeal to (000) 555-0102 or call 1-000-555-0103.\n\n"
        "For an urgent appeal, call 000.555.0104.\n\n"
        "Member services: phone 000-555-0105\n\n"
        "To ask for a state hearing write to Example Office, 1 Example Street, Town, TX 00000 "
        "or 000-555-0106 (fax)."
    )
    denial = read(text)
    told = {one.field: one.value for one in denial.findings}
    assert told["appeal_fax"] == "000-555-0102"
    assert told["appeal_phone"] == "1-000-555-0103"
    assert told["expedited_phone"] == "000-555-0104"
    assert told["hearing_address"] == "Example Office, 1 Example Street, Town, TX 00000"
    assert told["hearing_fax"] == "000-555-0106"
    assert not any("0101" in value or "0105" in value for value in told.values())


def test_a_letterhead_is_no_place_to_send_an_appeal_to():
    text = "Example Plan Appeals\nPO Box 1\nTown, TX 00000\n\nWe denied your request."
    assert values(text, "appeal_address") == []


def test_a_number_alone_or_an_email_is_left_alone():
    assert not read("To appeal: 000-555-0100. Or appeals@example.org").values("appeal_phone")
    assert not read("To appeal, write to appeals@example.org").values("appeal_portal")


# -- reasons -----------------------------------------------------------------------------------


def test_a_reason_of_no_known_kind_is_still_quoted():
    denial = read("We denied your request.\n\nReason for denial: The moon was full. Call us.")
    assert denial.values("reason") == ("The moon was full.",)
    assert denial.values("reason_kind") == ()


def test_a_reason_in_passing_is_offered_unsure():
    denial = read("We denied your request. The drug is not on your plan's formulary.")
    assert [(one.value, one.sure) for one in denial.all("reason")] == [
        ("The drug is not on your plan's formulary.", False)
    ]


def test_denied_because_is_sure():
    denial = read("We denied your request because the moon was full.")
    assert [(one.value, one.sure) for one in denial.all("reason")] == [
        ("We denied your request because the moon was full.", True)
    ]


def test_a_box_that_is_not_ticked_is_no_reason():
    text = "We denied it for these reasons:\n[x] The use is experimental.\n[ ] A refill too soon."
    assert values(text, "reason") == ["The use is experimental."]


def test_advice_about_what_to_do_is_no_reason():
    text = (
        "We denied your request.\n\nHow to appeal\n\n"
        "Show us if the drug is not on your plan's formulary.\n\n"
        "If the use is experimental, send studies."
    )
    assert values(text, "reason") == []


def test_a_road_that_opens_later_is_not_offered_now():
    text = "You may appeal. If we deny the appeal, you may ask for an external review."
    assert values(text, "appeal_level") == ["appeal"]


def test_a_reason_labelled_in_a_list_is_read():
    text = "Denied.\n- Denial reason: The use is experimental.\n- Call us."
    assert values(text, "reason") == ["The use is experimental."]


# -- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Member ID: XXX-XX-1234", "member_id", "XXX-XX-1234"),
        ("Member ID: ****1234", "member_id", "****1234"),
        ("Subscriber #: ABC 123 456", "member_id", "ABC 123 456"),
        ("Re: Example Patient, Member ID EX 001, Case #: C-0071", "reference", "C-0071"),
        ("Medicare number: 1EX0-EX0-EX00", "medicare_number", "1EX0-EX0-EX00"),
        ("MEMBER ID: EX0001 GROUP: A", "member_id", "EX0001"),
    ],
)
def test_a_number_is_kept_as_the_letter_has_it(text, field, value):
    assert values(text, field) == [value]


@pytest.mark.parametrize(
    "text", ["Member ID: none", "Case: we looked at it", "Reference: 01/02/2026"]
)
def test_what_is_no_number_is_not_taken_for_one(text):
    assert values(text, "member_id") == values(text, "reference") == []


# -- what stands below its label ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Member ID\nEX000123", "member_id", "EX000123"),
        ("Date\nMarch 9, 2026", "notice_date", "2026-03-09"),
        ("Drug:\nExample capsule", "drug", "Example capsule"),
        ("We denied the drug you asked for:\nExample capsule", "drug", "Example capsule"),
        ("Policy used:\nExample Compound Policy", "policy", "Example Compound Policy"),
    ],
)
def test_a_value_may_stand_below_its_label(text, field, value):
    assert values(text, field) == [value]


@pytest.mark.parametrize(
    "text",
    ["Drug:\n- the first item", "Drug:\nQuantity: 30", "We denied the drug you asked for:\nWhy?"],
)
def test_what_stands_below_may_belong_to_something_else(text):
    assert values(text, "drug") == []


# -- several pages, other languages ------------------------------------------------------------


def test_findings_name_their_page():
    document = Document(
        "x", (Page(1, "We denied your request."), Page(2, "You may appeal within 60 days."))
    )
    denial = read_denial(document, {})
    assert {one.field: one.page for one in denial.findings}["appeal_within"] == 2


def test_english_beside_a_line_in_spanish_is_read():
    text = making.text_of("medicaid_mco_notice") + (
        "\nATENCIÓN: si habla español, tiene a su disposición servicios gratuitos de asistencia.\n"
    )
    assert read(text).decision == "denied"


def test_another_script_is_named():
    denial = read("Решение по вашему запросу: мы не можем одобрить это лекарство, обратитесь к нам")
    assert denial.notes == ("Page 1 seems to be in another script; only English can be read here.",)


def test_pages_that_were_not_read_are_named():
    document = Document("x", (Page(1, "We denied your request."),), ("Page 2 was not read: why.",))
    assert read_denial(document, {}).notes == ("Page 2 was not read: why.",)


def test_a_value_in_doubtful_words_is_not_sure():
    text = "Notice date: March 9, 2026\nYou may appeal within 60 days."
    page = Page(1, text, "ocr", 90.0, ((13, 18),))
    sure = {one.field: one.sure for one in read_denial(Document("x", (page,)), {}).findings}
    assert sure["notice_date"] is False
    assert sure["appeal_within"] is True


# -- every value stands in its words -----------------------------------------------------------

CODES = {
    "decision": ("decisions",),
    "kind_of_notice": ("kinds", "decisions"),
    "plan_type": ("plan_types",),
    "appeal_level": ("levels",),
    "counted_from": ("counted_from",),
    "reason_kind": ("reasons",),
}


def squash(text):
    return re.sub(r"[\W_]", "", text).lower()


def stands_in(one):
    """Does the quote say the value? Codes: in one of the phrases that stand for it."""
    field = "counted_from" if one.field.endswith("_counted_from") else one.field
    flow = one.quote.replace("\n", " ")
    days = [*dates_in(flow), *months_in(flow, 0, len(flow))]
    if field in CODES:
        flat = Sheet(Page(1, flow)).flat
        groups = [group for name in CODES[field] for group in getattr(patterns(), name)]
        phrases = [p for group in groups for p in (*group.phrases, *group.labelled)]
        coded = any(phrase.pattern.search(flat) for phrase in phrases)
        return coded or (field == "reason_kind" and re.search("(?i)rej|511", one.quote))
    if re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", one.value):
        return one.value in [day.value for day in days] or squash(one.value) in squash(one.quote)
    if one.field.endswith("_within"):
        number = one.value.split()[0]
        names = [name for name, count in patterns().numbers.items() if str(count) == number]
        text = " ".join(one.quote.lower().replace("-", " ").split())
        return any(word.replace("-", " ") in text for word in (number, *names))
    return squash(one.value.replace("Ø", "0")) in squash(one.quote.replace("Ø", "0"))


def check(document):
    for one in read_denial(document, {}).findings:
        page = document.pages[one.page - 1]
        assert one.quote == page.text[one.start : one.end]
        assert one.quote
        assert one.field in field_labels()
        assert stands_in(one), one


@pytest.mark.parametrize("name", making.NAMES)
def test_every_value_of_a_letter_stands_in_its_words(name):
    check(read_pasted(making.text_of(name)))
    check(read_pasted(making.wrapped(making.text_of(name), 60)))


LINES = sorted({line for name in making.NAMES for line in making.text_of(name).splitlines()})


@settings(max_examples=120)
@given(st.lists(st.sampled_from(LINES) | st.text(max_size=40), max_size=40))
def test_every_value_of_a_muddle_of_letters_stands_in_its_words(lines):
    check(Document("x", (Page(1, "\n".join(lines)),)))


MARKS = "\0\r\u200f\u202e\u2067\ufeff\u0130ß"


@settings(max_examples=150)
@given(st.text(max_size=300) | st.text(st.sampled_from(MARKS + "a1:. \n-/"), max_size=300))
@example("•")
@example("a\n  \nb")
@example("\n\n- \n")
@example("Reason:\n")
@example("\u0130" * 50 + " denied because")
@example("1.\n2.\n3.\n")
def test_any_text_at_all_is_read_without_a_fault(text):
    check(Document("x", (Page(1, text), Page(2, ""))))


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "piece",
    [
        "We denied this because the drug is not covered. ",
        "a.b.",
        "A. ",
        "- x\n",
        "Reason:\n",
        "March 9, 2026 ",
        "our policy Abc of the ",
        "asked a to ",
        "   .",
        "\u202e(",
    ],
)
def test_a_very_long_text_takes_little_time(piece):
    text = (piece * (200_000 // len(piece) + 1))[:200_000]
    # about a second on an idle machine; a pattern that runs wild takes minutes
    assert pace.seconds(lambda: read(text), tries=1) < 8
