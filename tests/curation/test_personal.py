"""What looks like somebody's data is refused; what identifies a document or a drug is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.curation.personal import personal
from tests import pace

# what is written -> what it looks like
SOMEBODYS = {
    "Write to made.up@example.org": "an e-mail address",
    "Call me at 555-0142": "a phone number",
    "(312) 555-0142 is where I am": "a phone number",
    "+1 312 555 0142": "a phone number",
    "312.555.0142": "a phone number",
    "It is 123-45-6789": "a Social Security number",
    "123 45 6789": "a Social Security number",
    "SSN ends in 6789": "a Social Security number",
    "123\u201145\u20116789, with other dashes": "a Social Security number",
    "123456789": "a person's number",
    "12\u200b3456\u200b789, with nothing between": "a person's number",
    "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19": "a person's number",
    "4111 1111 1111 1111": "a person's number",
    "it is XYZ12345678": "a person's number",
    "51552012304 and nothing says what it is": "a person's number",
    "Member ID: ABC12345": "a member, claim or card number",
    "my member number is W1234": "a member, claim or card number",
    "claim #20231234": "a member, claim or card number",
    "group no. 0098765": "a member, claim or card number",
    "my policy XK12345": "a member, claim or card number",
    "https://example.org/portal?memberId=12345678": "a member, claim or card number",
    "Medicare 1EG4-TE5-MK73": "a Medicare number",
    "1eg4te5mk73": "a Medicare number",
    "Rx# 1234567": "a prescription number",
    "DOB 3/14/1971": "a date of birth",
    "date of birth: March 3": "a date of birth",
    "I was born in 1971": "a date of birth",
    "12 Oak Street": "a street address",
    "I live at 4500 Made Up Road, Apt 3": "a street address",
    "77 N. Example Dr": "a street address",
    "Springfield, IL 62701": "a street address",
    "P.O. Box 1234": "a street address",
    "My name is Example Patient": "a person's name",
    "my daughter's name is Example": "a person's name",
    "Patient name: Example": "a person's name",
    "Me llamo Example": "a person's name",
    "Mr. Example said so": "a person's name",
    "Mrs Example": "a person's name",
    "mrs example": "a person's name",
    "Dr. Example wrote it": "a person's name",
    "DR. EXAMPLE": "a person's name",
}
NOBODYS = [
    "Policy 05.00.801.1 says something else",
    "my plan's policy number is 05.00.801.1, section 3",
    "Policy no. 01-J0000-09",
    "NDC 51552012304 is a powder",
    "NDCs 00056001170, 51552012304",
    "00555-0902-02 is the tablet",
    "42 CFR 423.120(b)(3)",
    "29 CFR 2560.503-1(h)(3)(iv)",
    "Section 1927(k) of the Social Security Act",
    "42 U.S.C. 1396r-8(k)(2)",
    "plan made-up-health-employer-insured",
    "plan ID 12345TX0010001",
    "contract H0001-001-000",
    "HCPCS J3490, J7999 and S9430",
    "billed with J7999 from 2026-01-01",
    "The 2026 formulary, effective 01/01/2026",
    "effective January 1, 2026",
    "PMID 37501234",
    "doi 10.1016/j.pain.2013.02.0151234567",
    "PMC10234567 and NCT01234567",
    "https://example.org/files/1234567890123/policy.pdf",
    "The member handbook, page 112",
    "The member ID is on the card",
    "the patient must pay 50% up to $250 a month",
    "the date of birth is asked for on the form",
    "Call the plan and ask",
    "by phone on 2026-11-03",
    "4.5 mg naltrexone capsules, 30 a month",
    "For multiple sclerosis (MS). The plan says no",
    "The policy was replaced in May 2026",
    "2 steps down the road",
    "CC20260131 is the new number of the bulletin",
    "they miss the deadline of 72 hours",
    "the plan name is wrong",
    "prescription drug list 2026, page 12",
    "group plans are not in it; claims from 2025 were paid",
    "ICD-10-CM G35 and M79.7, RxCUI 1049683",
    "price over $1,000.00",
    "DRUG.00089, call 1-800-MEDICARE",
    "case law of 2019",
    "",
]


@pytest.mark.parametrize(("text", "what"), SOMEBODYS.items())
def test_somebodys_data_is_named_with_the_mend(text, what):
    assert personal(text).startswith(f"This looks like {what}; take it out")
    assert personal(f"The rule changed.\n{text}\nPlease look.").startswith("This looks like ")


@pytest.mark.parametrize("text", NOBODYS)
def test_numbers_of_documents_drugs_and_plans_pass(text):
    assert personal(text) == ""


@given(st.lists(st.sampled_from(NOBODYS), max_size=6).map("; ".join))
def test_they_pass_together_too(text):
    assert personal(text) == ""


@given(
    st.lists(st.sampled_from(NOBODYS), min_size=1, max_size=4),
    st.sampled_from(list(SOMEBODYS)),
    st.integers(0, 4),
)
def test_one_of_somebodys_among_many_is_seen(around, planted, where):
    # an NDC beside it makes eleven digits read as one, which is what they then are
    around = [text for text in around if "NDC" not in text]
    around.insert(where, planted)
    assert personal("\n".join(around)).startswith("This looks like ")


@given(st.text(max_size=300))
def test_whatever_is_written_it_answers(text):
    told = personal(text)
    assert told == "" or told.startswith("This looks like ")


@pytest.mark.no_cover
@pytest.mark.parametrize("unit", ["1", "a", "1 ", "a ", "1-", "12 oak ", "my name ", "@ ", "A, "])
def test_no_text_takes_long(unit):
    assert pace.seconds(lambda: personal(unit * (2_000 // len(unit)))) < 0.5


def test_a_reference_number_may_be_long_but_no_other_kind_of_number():
    assert personal("123456789012", numbers=True) == ""
    for text in ("123-45-6789", "312-555-0142", "1EG4-TE5-MK73", "member id 12345"):
        assert personal(text, numbers=True), text
