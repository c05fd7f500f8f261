"""What a letter may not say is found however it is written, and nothing else is."""

import csv
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compound_coverage.determination.engine import determine
from compound_coverage.letters.assemble import case_of, draft_for
from compound_coverage.letters.casefile import example_case, load_case
from compound_coverage.letters.claims import lint
from compound_coverage.letters.claims.words import KINDS, PHRASE_KINDS, bank_of
from compound_coverage.letters.evidence import Evidence, belongs_beside, gather
from compound_coverage.letters.templates import (
    TEMPLATES,
    UnknownLetterError,
    languages,
    letter_types,
)
from tests import pace
from tests.letters.conftest import LDN, empty_case, made_case, make_study

ON = date(2026, 11, 24)
LMN = "letter_of_medical_necessity"
NO_EVIDENCE = Evidence((), (), ())
SCENARIOS = list(
    csv.DictReader((Path(__file__).parent / "claims.csv").read_text(encoding="utf-8").splitlines())
)
PILOT = make_study(
    "pilot",
    "mixed",
    authors="Pilot et al.",
    year="2017",
    doi="10.1234/pilot",
    pmid="11122233",
    primary_outcome="HAM-D-17 score",
    primary_result="Not significant (p=0.3). Secondary MADRS favored the drug (p=0.035).",
    fair_sentence=(
        "In a small randomized pilot of 12 people, the drug did not differ from placebo on the "
        "primary outcome (HAM-D-17, p=0.3), while a secondary scale (MADRS) favored it (p=0.035)."
    ),
)
NULL = make_study(
    "null-trial",
    "negative",
    authors="Nuller et al.",
    year="2026",
    doi="10.1234/null",
    primary_outcome="MADRS score",
    primary_result="No difference: -10.5 with the drug, -9.8 with placebo (p=0.97).",
    fair_sentence=(
        "In a 12-week randomized trial of 37 people with depression, a daily dose up to 4.5 mg did "
        "not differ from placebo on the primary outcome (-10.5 versus -9.8, p=0.97)."
    ),
)
BOTH = Evidence((PILOT, NULL), (), ())
CASE = made_case()
HONEST = "The negative low-dose trials of this condition that were found are in this list."


def item(study):
    return f"- {study.fair_sentence} ({study.authors}, {study.year}, doi {study.doi})"


def claims(text, evidence=NO_EVIDENCE, language="en", case=None, medication=LDN, quoted=()):
    return lint(text, language, evidence, case or CASE, medication, quoted)


def kinds(found):
    return {claim.kind + ("" if claim.sure else "?") for claim in found}


# -- the scenario table ------------------------------------------------------------------------


@pytest.mark.parametrize("row", SCENARIOS, ids=lambda row: row["sentence"][:60])
def test_each_sentence_is_judged_as_the_table_says(row, bundled):
    """``?`` behind a kind: a question to the prescriber, no verdict."""
    case = load_case(example_case())
    medication = bundled.medications["ldn-capsule"]
    evidence = gather(case, medication, bundled.studies, [])
    letter = "\n".join(f"- {study.fair_sentence}" for study in evidence.low_dose)
    text = f"{letter}\n\n{row['sentence']}"
    found = lint(text, row["language"], evidence, case, medication)
    assert kinds(found) == set(row["kinds"].split())


def test_the_table_is_half_innocent_and_holds_every_kind_in_every_language():
    assert len(SCENARIOS) >= 120
    assert sum(not row["kinds"] for row in SCENARIOS) >= 0.45 * len(SCENARIOS)
    for language in languages():
        rows = [row for row in SCENARIOS if row["language"] == language]
        told = {kind.rstrip("?") for row in rows for kind in row["kinds"].split()}
        assert told >= {"fda_approved", *PHRASE_KINDS}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("data", [example_case(), None], ids=["example", "empty"])
def test_no_letter_as_it_is_printed_holds_a_claim(bundled, language, data):
    minimal = {key: example_case()[key] for key in ("plan", "medication")}
    minimal = {
        "plan": {"plan_id": minimal["plan"]["plan_id"]},
        "medication": {"medication_id": minimal["medication"]["medication_id"]},
    }
    case = load_case(data or minimal)
    answer = determine(case_of(case, bundled, ON), bundled)
    rules = [reason.rule for reason in answer.reasons]
    quoted = [text for rule in rules for text in (rule.summary, rule.condition)]
    evidence = gather(case, answer.case.medication, bundled.studies, [])
    for letter in letter_types(language):
        draft = draft_for(case, bundled, letter.letter_type, language, ON)
        found = lint(draft.markdown, language, evidence, case, answer.case.medication, quoted)
        assert found == [], letter.letter_type


@pytest.mark.parametrize("condition", ["M79.7", "K50.90", "G35.A", "L29.81", "Q82.8", "U09.9"])
def test_the_studies_of_every_condition_may_be_printed(bundled, condition):
    diagnosis = {"icd10": condition, "condition_id": "", "words": "made up"}
    case = load_case({**example_case(), "diagnosis": diagnosis})
    medication = bundled.medications["ldn-capsule"]
    draft = draft_for(case, bundled, LMN, "en", ON)
    everything = Evidence(tuple(s for s in bundled.studies if s.doi in draft.markdown), (), ())
    printed = [s for s in everything.low_dose if s.fair_sentence in draft.markdown]
    evidence = Evidence(tuple(printed), (), ())
    assert lint(draft.markdown, "en", evidence, case, medication) == []


# -- disguises ---------------------------------------------------------------------------------

DISGUISES = [
    r"FDA\-approved", "**FDA**-approved", "*FDA*-*approved*", "FDA-\napproved", "FDA\napproved",
    "FDA\u2011approved", "FDA\u2010approved", "FDA\u2014approved", "FDA&#8209;approved",
    "FDA&hyphen;approved", "FDA&shy;-approved", "F\u200bD\u200bA-appro\u200bved",
    "FDA\ufeff-approved", "FDA\u00ad-approved", "\uff26\uff24\uff21-approved",
    "\u202eFDA-approved", "FD\u0410-\u0430pproved", "F.D.A. approved", "F. D. A. Approved",
    "f.d.a.-approved", "fDa ApPrOvEd", "\u201cFDA\u201d-approved", "`FDA`-approved",
    "[FDA](https://example.org)-approved", "F<b>DA</b>-approved", "FDA<!-- -->-approved",
    "FDA_approved", "FDA  approved", "FDA\u00a0approved", "FDA \\\napproved", "FDA-a\u0301pproved",
    "approved by the U.S. FDA", "approved by\nthe *F.D.A.*", "[FDA][1]-approved",
]  # fmt: skip


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguised_claim_is_found(disguise):
    [claim] = claims(f"A plain line.\n\nLow dose naltrexone is {disguise}, they say.")
    assert (claim.kind, claim.line, claim.sure) == ("fda_approved", 3, True)
    assert re.search(r"approved", claim.quote.translate({0x430: "a", 0xE1: "a"}), re.IGNORECASE)


@pytest.mark.parametrize(
    "disguise",
    ["pro\u00adven", "pro**ven**", "pro-\nven", "prov&#101;n", "PROVEN", "\u201cproven\u201d",
     "pr\u043even", "pro\u0308ven", "prove\u2060n"],
)  # fmt: skip
def test_a_disguised_word_is_found(disguise):
    assert kinds(claims(f"Low dose naltrexone is {disguise} here.")) == {"proven"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("It is proven.", 1),
        ("One.\n\nTwo.\n\nIt is proven.", 5),
        ("One\nline and another\nthat is proven.", 3),
        ("# Head\nIt is proven.", 2),
        ("- One\n- Two\n- It is proven.", 3),
        ("> Quoted\n> It is proven.", 2),
        ("| a | b |\n|---|---|\n| It is proven. | c |", 3),
        ("One.\r\n\r\nIt is proven.", 3),
        ("\n\n\n   It is proven.", 4),
        ("3. One\n4. It is proven.", 2),
        ("<!-- note\n\n-->\nIt is proven.", 4),
    ],
)
def test_a_claim_is_told_with_its_line(text, line):
    assert [claim.line for claim in claims(text)] == [line]


def test_a_line_that_only_looks_like_a_list_belongs_to_its_paragraph():
    """Of numbered lines only one with the number 1 can break into a paragraph (CommonMark)."""
    assert kinds(claims("There is no\n7) proven use.")) == set()
    assert kinds(claims("There is no\n1) proven use.")) == {"proven"}
    assert kinds(claims("There is no\n- proven use.")) == {"proven"}


def test_a_claim_says_why_and_what_to_write_instead():
    for language in languages():
        [claim] = claims("It is proven.", language=language)
        assert claim.quote == "proven"
        assert claim.why == bank_of(language).kinds["proven"].why
        assert claim.mend == bank_of(language).kinds["proven"].mend
        assert claim.told == f"“proven” {claim.why} {claim.mend}"


# -- the words of claims.toml ------------------------------------------------------------------

CARRIERS = {
    "en": (
        "Low dose naltrexone, {}, is asked for.",
        "Of low dose naltrexone I say: {} and more.",
        "- Low dose naltrexone\n  {}",
    ),
    "es": (
        "La naltrexona en dosis baja, {}, se pide.",
        "De la naltrexona en dosis baja digo: {} y más.",
        "- La naltrexona en dosis baja\n  {}",
    ),
}
DENIALS = {
    "en": "Nobody can say of low dose naltrexone {}.",
    "es": "Nadie puede decir de la naltrexona en dosis baja {}.",
}
LEVELS = ("always", "of_compound", "check", "before_noun", "acts", "approval", "after_noun")


def tables():
    for language in languages():
        with (TEMPLATES / language / "claims.toml").open("rb") as stream:
            yield language, tomllib.load(stream)


PHRASES = [
    (language, kind, phrase)
    for language, table in tables()
    for kind in ("fda_approved", *PHRASE_KINDS)
    for level in LEVELS
    for phrase in table[kind].get(level, ())
]


GROUPS = sorted({(language, kind) for language, kind, _ in PHRASES})


@pytest.mark.parametrize(("language", "kind"), GROUPS)
def test_every_phrase_is_found_in_every_carrier_and_not_where_it_is_denied(language, kind):
    phrases = [phrase for *group, phrase in PHRASES if group == [language, kind]]
    for carrier in CARRIERS[language]:
        text = "\n\n".join(carrier.format(phrase) for phrase in phrases)
        lines = {claim.line for claim in claims(text) if claim.kind == kind}
        height = carrier.count("\n") + 2
        lost = [
            phrase
            for place, phrase in enumerate(phrases)
            if not lines & set(range(place * height + 1, (place + 1) * height))
        ]
        assert lost == [], carrier
    denied = "\n\n".join(DENIALS[language].format(phrase) for phrase in phrases)
    assert [claim.quote for claim in claims(denied) if claim.kind == kind] == []


def test_every_language_knows_the_same_kinds_and_words():
    shapes = [
        {
            kind: {name for name in rows if name not in ("innocent", "negations")}
            for kind, rows in table.items()
        }
        for _, table in tables()
    ]
    assert all(shape == shapes[0] for shape in shapes)
    assert set(shapes[0]) == {"grammar", *KINDS}


def test_what_the_older_list_of_overclaims_held_is_found():
    older = [
        "proven", "effective for", "guideline-recommended", "standard of care", "no side effects",
        "no risk", "guaranteed", "FDA-approved LDN", "FDA approved LDN", "most plans cover",
        "most insurance", "comprobado", "eficaz para", "recomendado por guías",
        "sin efectos secundarios", "sin riesgo", "garantizado", "la mayoría de los planes cubren",
    ]  # fmt: skip
    for words in older:
        assert claims(f"Text: {words}"), words


def test_a_language_without_letters_is_refused():
    with pytest.raises(UnknownLetterError, match="no letters in 'xx'"):
        claims("text", language="xx")


# -- what a case and a plan may bring in -------------------------------------------------------


def test_the_plans_own_words_may_be_repeated():
    rule = "The plan pays for 80% of a compound that is proven by guidelines | or FDA-approved."
    assert kinds(claims(f"The rule: {rule}")) == {"percentage", "proven", "guideline?"}
    assert claims(f"The rule: {rule}", quoted=[rule]) == []
    assert claims("The rule: " + rule.replace("|", "\\|"), quoted=[rule]) == []
    wrapped = rule.replace("that is", "that\n  is")
    assert claims(f"> The rule: {wrapped}", quoted=[rule]) == []
    assert kinds(claims(rule.replace("The plan", "This plan"), quoted=[rule])) == {
        "proven",
        "guideline?",
    }


def test_a_quotation_that_holds_another_may_be_repeated_too():
    part, whole = (
        "One proven trial is enough.",
        "It must be proven. One proven trial is enough. Ask.",
    )
    assert claims(f"The rule: {whole}", quoted=[part, whole, "must be proven"]) == []


def test_a_quotation_of_a_word_or_two_excuses_nothing():
    assert kinds(claims("It is proven.", quoted=["is proven", "proven"])) == {"proven"}


@pytest.mark.parametrize(
    "changes",
    [
        {"request": {"denial_reason": "No use is proven;\nLDN is a proven drug elsewhere."}},
        {"denial_points": [{"said": "LDN is a proven drug elsewhere."}]},
        {"decisions": [{"level": "initial", "reason": "LDN is a proven drug elsewhere."}]},
    ],
)
def test_the_words_of_a_denial_in_the_case_may_be_repeated(changes):
    text = "The notice says: LDN is a proven drug elsewhere."
    assert kinds(claims(text)) == {"proven"}
    assert claims(text, case=made_case(**changes)) == []


def test_only_the_prescribers_own_words_speak_of_certain_harm():
    risk = "Without treatment she will relapse, as in 2024."
    assert kinds(claims(risk)) == {"denial_harm?"}
    assert claims(risk, case=made_case(risk_if_untreated=risk)) == []
    assert claims(risk, case=made_case(request={"urgent_reason": risk})) == []
    assert kinds(
        claims("It is proven, I say.", case=made_case(risk_if_untreated="It is proven, I say."))
    )


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("The score fell by 42%.", "PHQ-9 fell by 42 percent"),
        ("The score fell by 42.50 %.", "42,5%"),
        ("The score fell by forty-two per cent.", "42%"),
        ("9 of 20 people improved.", "9 out of 20 improved"),
        ("Nine of twenty people improved.", "9 of 20"),
        ("Between 30 and 42% improved.", "30% at first, 42% at last"),
    ],
)
def test_a_number_of_the_case_a_study_or_the_rule_is_not_invented(text, known):
    assert kinds(claims(text)) == {"percentage"}
    assert claims(text, case=made_case(prior_response={"measure": known})) == []
    assert claims(text, quoted=[known]) == []
    study = make_study("s", "supports", primary_result=known)
    assert claims(text, Evidence((study,), (), ())) == []


def test_another_kind_of_number_makes_no_percentage_known():
    assert kinds(claims("50% improved.")) == {"percentage"}
    study = make_study("s", "supports", primary_result="MD -0.86 (95% CI -1.20 to -0.51)")
    assert kinds(claims("95% improved.", Evidence((study,), (), ()))) == {"percentage"}


def test_praise_of_another_drug_is_no_claim_of_the_letter(bundled):
    case = made_case(tried=[{"drug": "Examplidone 5 mg"}])
    assert claims("Examplidone is effective but was not tolerated.", case=case) == []
    assert kinds(claims("Examplidone is effective.")) == {"proven?"}
    # the ingredient of the compound stays its own, though it was tried at another strength
    case = made_case(tried=[{"drug": "Naltrexone 50 mg"}])
    assert kinds(claims("Naltrexone is effective.", case=case)) == {"proven"}


@pytest.mark.parametrize(
    ("medication_id", "text", "expected"),
    [
        ("ketotifen-capsule", "Ketotifen capsule is FDA-approved.", {"fda_approved"}),
        ("ketotifen-capsule", "Ketotifen is FDA-approved.", {"fda_approved?"}),
        ("nifedipine-ointment", "The compounded ointment is FDA-approved.", {"fda_approved"}),
        ("nifedipine-ointment", "The 0.4% ointment was tried.", set()),
        ("ldn-tablet", "The tablets are FDA-approved at 50 mg.", set()),
        ("ldn-oral-liquid", "The oral-liquid is FDA-approved.", {"fda_approved"}),
    ],
)
def test_each_medication_has_its_own_words(bundled, medication_id, text, expected):
    medication = bundled.medications[medication_id]
    assert kinds(claims(text, medication=medication)) == expected


# -- studies -----------------------------------------------------------------------------------


def letter_with(*parts):
    return "# Letter\n\n## Evidence\n\n" + "\n".join(parts) + "\n\n## Safety\n\nWatched.\n"


def test_a_letter_that_names_its_studies_fairly_is_clean():
    assert claims(letter_with(item(PILOT), item(NULL), "", HONEST), BOTH) == []


@pytest.mark.parametrize(
    ("parts", "line", "sure"),
    [
        ([item(PILOT)], 5, True),
        (["- Pilot et al. 2017 found something, not much."], 5, True),
        (["- A pilot (PMID 11122233), p=0.3."], 5, True),
        (["- A pilot, doi 10.1234/PILOT, p=0.3."], 5, True),
        ([HONEST], 5, True),
        (["Text.", "", "Studies show a benefit."], 7, False),
        (["Los estudios muestran un beneficio."], 5, False),
        (["It is proven."], 5, False),
        (["One.", "", "80% get better."], 7, False),
    ],
)
def test_a_negative_trial_that_was_taken_out_is_missed(parts, line, sure):
    hidden = [c for c in claims(letter_with(*parts), BOTH) if c.kind == "hidden_trial"]
    assert [(claim.line, claim.sure) for claim in hidden] == [(line, sure)]
    assert "Nuller et al. 2026" in hidden[0].why
    assert NULL.fair_sentence in hidden[0].mend


def test_a_letter_without_any_evidence_hides_none():
    assert claims(letter_with("No study is named."), BOTH) == []


def test_the_author_in_one_paragraph_and_the_year_in_another_name_no_study():
    text = letter_with(item(PILOT), "- Nuller was not asked.", "- In 2026.")
    assert "hidden_trial" in kinds(claims(text, BOTH))


def test_a_study_of_another_condition_hides_nothing_of_this_one():
    other = make_study("other", "supports", condition_id="fibromyalgia", doi="10.1234/other")
    evidence = Evidence((NULL, other), (), ())
    text = letter_with("- Another study, doi 10.1234/other.")
    assert claims(text, evidence) == []
    pain = made_case(diagnosis={"condition_id": "fibromyalgia"})
    assert claims(letter_with(HONEST), evidence, case=pain) == []


def test_a_mixed_trial_may_not_be_hidden_behind_a_favorable_one():
    good = make_study("good", "supports", doi="10.1234/good")
    evidence = Evidence((PILOT, good), (), ())
    assert kinds(claims("- Good, doi 10.1234/good.", evidence)) == {"hidden_trial"}
    assert claims(item(NULL), BOTH) == []


CHANGES = [
    (("p=0.97", "p=0.01"), {"changed_trial"}, "0.97 is now 0.01"),
    (("37 people", "370 people"), {"changed_trial"}, "37 is now 370"),
    (("-9.8", "-2.1"), {"changed_trial"}, "-9.8 is now -2.1"),
    (("-10.5 versus", "10.5 versus"), {"changed_trial"}, "-10.5 is now 10.5"),
    (("did not differ from", "differed from"), {"changed_trial"}, "'not' is gone"),
    ((", p=0.97", ""), {"changed_trial?"}, "0.97 was left out"),
    (("randomized trial", "randomized\n  trial"), set(), ""),
    (("did not differ", "did *not* **differ**"), set(), ""),
    (("p=0.97", "p=0\\.97"), set(), ""),
    (("12-week", "12\u2011week"), set(), ""),
    (("with depression", "living with depression"), set(), ""),
]


@pytest.mark.parametrize(("change", "expected", "why"), CHANGES, ids=lambda value: str(value)[:40])
def test_a_study_that_was_edited_until_it_says_something_else_is_seen(change, expected, why):
    text = letter_with(item(PILOT), item(NULL).replace(*change), "", HONEST)
    found = claims(text, BOTH)
    assert kinds(found) == expected
    assert all(why in claim.why and NULL.fair_sentence in claim.mend for claim in found)
    assert all(claim.line == 6 for claim in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- See Nuller et al. (2026).", {"changed_trial?"}),
        ("- Nuller et al. (2026) found no difference.", set()),
        ("- A negative trial: Nuller et al. (2026).", set()),
        ("- Ensayo negativo: Nuller et al. (2026).", set()),
    ],
)
def test_a_negative_trial_is_not_named_without_its_result(text, expected):
    assert kinds(claims(letter_with(item(PILOT), text), BOTH)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- The pilot favored the drug on the MADRS (p=0.035).", {"secondary_as_result"}),
        ("- The pilot favored it, P = .035 (Pilot 2017).", {"secondary_as_result"}),
        ("- MADRS better, p-value of 0.035, doi 10.1234/pilot.", {"secondary_as_result"}),
        ("- The MADRS was better (Pilot 2017).", {"secondary_as_result?"}),
        ("- The MADRS was better, the HAM-D-17 was not (Pilot 2017).", set()),
        ("- The HAM-D-17 had p = 0.3, the MADRS p = .035 (Pilot 2017).", set()),
        ("- The pilot was too small (Pilot 2017).", set()),
    ],
)
def test_a_secondary_outcome_is_not_given_as_the_result(text, expected):
    assert kinds(claims(letter_with(text, item(NULL)), BOTH)) == expected


# -- whatever is typed -------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["proven", "not", "FDA", "-approved", "LDN", "no side effects", "80%", "p=0.035", ".", "?",
     "\n", "\n\n", "- ", "| ", "**", "&#8209;", "\\", "](", "<b>", "Pilot 2017", "10.1234/null",
     "Signature: ", "1. ", "> ", "# ", "but", "guideline", "(2019)", "\u200b", "-\n", "no"]
)  # fmt: skip
ADDED = "The pharmacy is open on Monday."
TEXTS = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=40).map(" ".join))


@given(TEXTS)
@example("\ud800 \u0130 \ufdfa &#0; &#1114112; &#x110000;")
@example("")
def test_any_text_is_read_and_always_the_same_way(text):
    found = claims(text, BOTH)
    assert found == claims(text, BOTH)
    lines = len(re.split("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]", text))
    assert all(1 <= claim.line <= lines for claim in found)


def told(text):
    return {(claim.kind, claim.quote, claim.sure) for claim in claims(text)}


@given(st.lists(st.sampled_from([row["sentence"] for row in SCENARIOS]), min_size=1, max_size=4))
def test_an_unrelated_paragraph_takes_no_claim_away(sentences):
    before = told("\n\n".join(sentences))
    for paragraphs in ([ADDED, *sentences], [*sentences, ADDED], [*sentences, f"- {ADDED}"]):
        assert told("\n\n".join(paragraphs)) >= before


@pytest.mark.no_cover
@pytest.mark.parametrize("row", [r for r in SCENARIOS if r["sentence"].endswith(".")])
def test_an_unrelated_sentence_beside_it_takes_no_claim_away(row):
    sentence = row["sentence"]
    assert told(f"{ADDED} {sentence}") == told(sentence)
    assert told(f"{sentence} {ADDED}") == told(sentence)


HOSTILE = ["FDA-approved ", "Mischoulon 2017 ", "not proven ", "](", "1,", "p=0.035\n\n", "FDA-\n"]


def takes_less(text, limit, bundled):
    case = load_case(example_case())
    medication = bundled.medications["ldn-capsule"]
    evidence = gather(case, medication, bundled.studies, [])
    taken = pace.seconds(lambda: lint(text, "en", evidence, case, medication), enough=limit)
    return taken < limit


@pytest.mark.no_cover
def test_a_letter_of_200_kilobytes_is_read_in_a_second(bundled):
    letter = draft_for(load_case(example_case()), bundled, LMN, "en", ON).markdown
    assert takes_less((letter * 50)[:200_000], 1, bundled)


@pytest.mark.no_cover
@pytest.mark.parametrize("piece", [*HOSTILE, "phrases"])
def test_no_text_takes_long(bundled, piece):
    """Made to be slow, it may take twice as long as a letter; a loop over it would take hours."""
    if piece == "phrases":
        piece = "".join(f"Low dose naltrexone: {phrase}.\n\n" for _, _, phrase in PHRASES)
    assert takes_less((piece * (200_000 // len(piece) + 1))[:200_000], 2, bundled)


# -- evidence ----------------------------------------------------------------------------------


def gathered(bundled, *studies, condition=""):
    case = made_case(evidence={"studies": list(studies)}, diagnosis={"condition_id": condition})
    made = gather(case, bundled.medications["ldn-capsule"], bundled.studies, [])
    return {s.study_id for s in (*made.low_dose, *made.standard_dose)}, made.warnings


@pytest.mark.parametrize(
    ("selected", "added"),
    [
        (["e-dep-1"], {"e-dep-2"}),
        (["e-fm-2"], {"e-fm-3", "e-fm-4", "e-fm-7"}),
        # a review whose primary outcome stayed open, beside the trial that met its own
        (["e-cd-2"], {"e-cd-3"}),
        (["e-hhd-1"], {"e-hhd-3"}),
        (["e-ms-1"], {"e-ms-2"}),
        # standard dose: the null trial of the same itch comes with the positive ones
        (["e-pr-1"], {"e-pr-4"}),
        (["e-dep-2"], set()),
        (["e-cd-3"], set()),
        (["e-gen-1"], set()),
    ],
)
def test_no_favorable_study_comes_without_the_less_favorable_ones(bundled, selected, added):
    printed, warnings = gathered(bundled, *selected)
    assert printed == {*selected, *added}
    for study in added:
        assert any(f"({study})" in warning for warning in warnings)


def test_a_study_that_does_not_fit_is_left_out_or_pointed_at(bundled):
    case = made_case(evidence={"studies": ["nope", "other-drug", "e-fm-2"]})
    other = make_study("other-drug", "negative", ingredient_id="ketotifen")
    medication = bundled.medications["ldn-capsule"]
    made = gather(case, medication, [*bundled.studies, other], [])
    told = " ".join(made.warnings)
    assert "There is no study 'nope'" in told
    assert "(other-drug) is about another ingredient" in told
    assert "(e-fm-2) is about fibromyalgia, not about recurrent depression" in told
    assert other not in made.low_dose


def test_every_favorable_study_of_the_dataset_brings_the_others(bundled):
    for study in bundled.studies:
        if study.direction in ("supports", "preliminary", "mixed"):
            printed, _ = gathered(bundled, study.study_id)
            for other in bundled.studies:
                if belongs_beside(other, study):
                    assert other.study_id in printed, (study.study_id, other.study_id)


def test_a_missed_primary_outcome_is_never_called_support(bundled):
    null = re.compile(r"(?:not |no )(?!results)", re.IGNORECASE)
    missed = [s for s in bundled.studies if null.match(s.primary_result)]
    assert len(missed) >= 6
    assert {study.direction for study in missed} <= {"negative", "mixed"}


def test_a_fair_sentence_gives_the_p_value_of_the_primary_outcome(bundled):
    for study in bundled.studies:
        first = re.split(r"\.\s+(?=[A-Z])", study.primary_result)[0]
        for value in re.findall(r"p[=<][0-9.]*[0-9]", first):
            if study.condition_id != "long-covid-me-cfs":
                assert value in study.fair_sentence, study.study_id


def test_an_empty_case_can_be_read_too():
    assert kinds(claims("LDN is proven.", case=empty_case())) == {"proven"}
