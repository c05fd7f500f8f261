"""Does a text look as if it held somebody's data? Asked before anything strangers write is kept.

No program can tell a name from a word. What has a form can be seen: numbers, dates of birth,
addresses, titles. What identifies a published document or a product is no person's data.
"""

from __future__ import annotations

import re
import unicodedata

from compound_coverage.language import say, to_say

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_QUOTES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc"), "'")

_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_STATE = (
    "(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI|"
    "S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
)
_WHOSE = (
    "(?:member|subscriber|enrollee|beneficiary|patient|claim|case|group|account|card|certificate|"
    "medical record|medicare|medicaid|insurance|identification|prescription)"
)
_NUMBER = r"(?:id|no\.?|number|num|nr|#)(?![a-z])"
_SAID = "(?: (?:is|was|ends?|ending|in|with)){0,3}"

# What identifies a document, a product or a plan, however long its number is.
_PUBLIC = re.compile(
    r"\b10\.\d{4,9}/\S+"  # a DOI
    r"|\b\d{4,5}-\d{3,4}-\d{1,2}(?![\d-])"  # an NDC with its dashes
    r"|\b\d{5}[A-Z]{2}\d{7}(?:-\d\d)?\b"  # a plan's HIOS id
    r"|\b[HRSE]\d{4}-\d{3}(?:-\d{1,3})?(?![\d-])"  # a Medicare plan's contract
    r"|\b(?:NCT|PMC)\d{5,9}\b"
    r"|\b(?:19|20)\d\d-[01]\d(?:-[0-3]\d)?(?![\d-])"  # a month or a day
)
_NDC = re.compile(r"\bndcs?\b", re.IGNORECASE)
_NDC_DIGITS = re.compile(r"(?<![\d-])\d{11}(?![\d-])")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)

_ANYWHERE: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern, re.IGNORECASE))
    for what, pattern in (
        (to_say("an e-mail address"), r"\S@\S"),
        (to_say("a Social Security number"), r"(?<![\d-])\d{3}([- ])\d\d\1\d{4}(?![\d-])"),
        (
            to_say("a Social Security number"),
            r"\b(?:ssn|social security (?:no\.?|number|#))\D{0,20}\d",
        ),
        (
            to_say("a Medicare number"),
            r"\b[1-9][ac-hjkmnp-rt-y][ac-hjkmnp-rt-y\d]\d-?[ac-hjkmnp-rt-y][ac-hjkmnp-rt-y\d]\d-?"
            r"[ac-hjkmnp-rt-y]{2}\d\d\b",
        ),
        (
            to_say("a member, claim or card number"),
            rf"\b{_WHOSE}(?:'?s)?[ _-]?{_NUMBER}{_SAID}[\s:=#/.]{{0,4}}[a-z]{{0,5}}-?\d[\w-]{{2,}}",
        ),
        (to_say("a member, claim or card number"), r"\b(?:member|subscriber|patient|claim)\w{0,6}"
                                           r"[=/ ]{1,2}[a-z]{0,4}\d{5,}"),
        (
            to_say("a member, claim or card number"),
            r"\b(?:my|his|her|their|our|patient's|member's) (?:policy|id)"
            rf"(?: ?{_NUMBER})?{_SAID}[\s:#]{{0,3}}[a-z]{{0,5}}-?\d[\w-]{{4,}}",
        ),
        (to_say("a prescription number"), r"\brx ?(?:no\.?|number|#)?[ :#]{0,3}\d{6,}"),
        (
            to_say("a date of birth"),
            r"\b(?:dob|d\.o\.b\.?|date of birth|birth ?da(?:y|te)|born)(?![a-z])[^.!?\n]{0,25}?"
            rf"(?:\d{{1,4}}[-/.]\d|\b(?:19|20)\d\d\b|\b{_MONTH}\.? \d)",
        ),
        (to_say("a street address"), r"\bp\.? ?o\.? ?box #?\d"),
        (
            to_say("a street address"),
            r"\b\d{1,6} (?:[nsew]\.? )?(?:(?!the |a |of |in |on )[a-z][\w.'-]* ){1,3}"
            r"(?:street|avenue|ave|road|rd|boulevard|blvd|lane|ln)\b",
        ),
        (
            to_say("a person's name"),
            r"\b(?:my|his|her|their|patient'?s?|member'?s?)"
            r"(?: (?!plan|payer|drug|medic|pharmac|insur)[\w']{1,20})? name"
            r"(?:'s\b|:| is\b| was\b)",
        ),
        (to_say("a person's name"), r"\b(?:patient|member|full|first|last|family) ?name ?[:=]"),
        (to_say("a person's name"), r"\b(?:me llamo|mi nombre es)\b"),
    )
)  # fmt: skip
# Here capitals tell a name from a word.
_AS_WRITTEN: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        (to_say("a person's name"), r"\b(?:Mrs?|Ms|Mx|Miss|Dr|Prof|Sra?|Srta)\b\.? ?[A-Z][a-z]"),
        (to_say("a person's name"), r"\b(?:MRS?|DR)\. ?[A-Z]{2}"),
        (to_say("a person's name"), r"\b(?:mr\.|mrs\.?) [a-z]{2}"),
        (
            to_say("a street address"),
            r"\b\d{1,6} (?:[NSEW]\.? )?(?:[A-Z][\w.'-]* ){1,3}"
            r"(?:St|Drive|Dr|Court|Ct|Way|Place|Pl|Circle|Cir|Terrace|Parkway|Pkwy|Highway|Hwy|"
            r"Trail)\b",
        ),
        (to_say("a street address"), rf"[A-Za-z], ?{_STATE} \d{{5}}(?:-\d{{4}})?(?![\d-])"),
    )
)
# Asked of what is left without links and without the numbers of documents and products.
_PHONE: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        to_say("a phone number"),
        re.compile(
            r"(?<![\w.-])(?:\+?1[-. ]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])\d{3}[-. ]\d{4}"
            r"(?![\w-]|\.\d)"
        ),
    ),
    (
        to_say("a phone number"),
        re.compile(
            r"\b(?:phone|call(?: me)?|cell|mobile|reach me|tel)\b\D{0,12}\d{3}[-. ]?\d{4}\b",
            re.IGNORECASE,
        ),
    ),
)
_DIGITS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (to_say("a person's number"), re.compile(r"\d{9}")),
    (
        to_say("a person's number"),
        re.compile(r"(?<![\d-])(?=(?:\d[ -]?){9})\d{3,}(?:[ -]\d{2,})+(?![\d-])"),
    ),
    (
        to_say("a person's number"),  # but not a day written in a row (CC20260131)
        re.compile(
            r"\b(?i:[a-z]{1,4})(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?!\d))\d{8}"
        ),
    ),
)


def personal(text: str, *, numbers: bool = False) -> str:
    """One sentence with the mend if ``text`` looks as if it held a person's data, else nothing.

    ``numbers``: a long number alone is what was asked for.
    """
    read = _as_read(text)
    left = _PUBLIC.sub(" ; ", _LINK.sub(" ; ", read))
    if _NDC.search(left):
        left = _NDC_DIGITS.sub(" ; ", left)
    asked = [(read, _ANYWHERE), (read, _AS_WRITTEN), (left, _PHONE)]
    if not numbers:
        asked.append((left, _DIGITS))
    for where, looks in asked:
        for what, pattern in looks:
            if pattern.search(where):
                return say(
                    "This looks like {what}; take it out and send it again, we keep nothing about "
                    "a person.",
                    what=say(what),
                )
    return ""


def _as_read(text: str) -> str:
    """As a reader sees it: one kind of dash and blank, plain digits, nothing that hides."""
    text = unicodedata.normalize("NFKC", text).translate(_DASHES).translate(_QUOTES)
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return " ".join(seen.split())
