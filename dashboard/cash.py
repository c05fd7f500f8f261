"""If you pay cash: a sheet to ask pharmacies with, and a comparison of what they answered."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.language import money, say, to_say
from compound_coverage.vocabulary import Basis, IngredientSource
from dashboard import cards
from dashboard.answer import case_of_visit
from dashboard.html_parts import table
from dashboard.languages import in_english
from dashboard.parts import ask_line, dataset_or_stop, plain

PHARMACIES = 3
LONGEST = 60
FILLS = {30: 1, 90: 3}  # days of a fill -> months in it
TAX_RULE = "tax-prescribed-drug"
CLAIM = "reimbursement_claim"
SOURCES = {
    "": to_say("Not asked yet"),
    IngredientSource.APPROVED_PRODUCT.value: to_say("Tablets or another FDA-approved product"),
    IngredientSource.BULK_POWDER.value: to_say("Bulk powder"),
}
NOT_ASKED = to_say("not asked yet")


@dataclass(frozen=True, slots=True)
class Quote:
    """What one pharmacy said; None and empty mean: not asked yet. Prices are in dollars.

    ``prices`` maps the days of a fill to its price; ``shipping`` is for one fill.
    """

    name: str
    strength: str
    source: str
    codes: str
    prices: dict[int, float | None]
    shipping: float | None

    def month(self, days: int) -> float | None:
        """The price of one month with a fill of so many days, shipping included where known."""
        price = self.prices[days]
        return None if price is None else (price + (self.shipping or 0)) / FILLS[days]

    @property
    def empty(self) -> bool:
        said = (self.strength, self.source, self.codes, self.shipping, *self.prices.values())
        return not any(one not in ("", None) for one in said)


def page() -> None:
    dataset = dataset_or_stop()
    st.title(say("If you pay cash"))
    st.markdown(
        say(
            "Prices differ a lot. Ask two or three pharmacies the same things. What you type stays "
            "in this visit. We do not store it, and we know no prices of our own."
        )
    )
    case = case_of_visit(dataset)
    medicine = case.medication.name if case else ""
    if medicine:
        cards.show(f'<p class="cc-quiet">{in_english(medicine)}</p>')
    quotes = [_ask(number) for number in range(1, PHARMACIES + 1)]
    _compare(quotes)
    cards.show(cards.print_button(say("Print this sheet")), _sheet(quotes, medicine))
    _show_taxes(dataset)
    _show_claim()


# -- asking ------------------------------------------------------------------------------------


def _ask(number: int) -> Quote:
    key = f"cash-{number}"
    with st.expander(
        say("Pharmacy {number}", number=number), expanded=number == 1, key=f"{key}-open"
    ):
        name = _line(say("Name of the pharmacy, if you like"), f"{key}-name")
        strength = _line(say("Strength and form, such as 4.5 mg capsule"), f"{key}-strength")
        source = st.radio(
            say("What is it made from?"),
            list(SOURCES),
            format_func=lambda code: say(SOURCES[code]),
            key=f"{key}-source",
            persist_state="session",
        )
        prices = {
            30: _dollars(say("Price for 30 days, in dollars"), f"{key}-30"),
            90: _dollars(say("Price for 90 days, in dollars"), f"{key}-90"),
        }
        shipping = _dollars(
            say("Shipping for each fill, in dollars (0 if you pick it up)"), f"{key}-shipping"
        )
        codes = _line(say("Product codes (NDC) on the bill"), f"{key}-codes")
    return Quote(
        name or say("Pharmacy {number}", number=number),
        strength,
        source or "",
        codes,
        prices,
        shipping,
    )


def _line(label: str, key: str) -> str:
    return ask_line(label, key=key, max_chars=LONGEST, persist_state="session").strip()


def _dollars(label: str, key: str) -> float | None:
    return st.number_input(
        label,
        min_value=0.0,
        max_value=100_000.0,
        value=None,
        step=5.0,
        key=key,
        persist_state="session",
    )


# -- comparing ---------------------------------------------------------------------------------


def _compare(quotes: Sequence[Quote]) -> None:
    st.header(say("What one month would cost"))
    asked = [quote for quote in quotes if not quote.empty]
    if not asked:
        cards.show(cards.empty(say("Type a price above. Then we compare.")))
        return
    table(
        say("The price of one month, from what you typed"),
        _head(),
        [_row(quote) for quote in asked],
    )
    for sentence in _told(asked):
        st.markdown(plain(sentence))


def _head() -> list[str]:
    return [
        say("Pharmacy"),
        say("A month, if you buy 30 days"),
        say("A month, if you buy 90 days"),
        say("Shipping for each fill"),
        say("Strength and form"),
        say("Made from"),
        say("Codes (NDC)"),
    ]


def _row(quote: Quote) -> list[str]:
    blank = say(NOT_ASKED)
    return [
        quote.name,
        *(_price(quote.month(days)) for days in FILLS),
        _price(quote.shipping),
        quote.strength or blank,
        say(SOURCES[quote.source]) if quote.source else blank,
        quote.codes or blank,
    ]


def _price(dollars: float | None) -> str:
    return say(NOT_ASKED) if dollars is None else money(round(dollars, 2))


def _told(quotes: Sequence[Quote]) -> Iterator[str]:
    """What the comparison says, and what it can't say."""
    found = [
        (month, quote, days)
        for quote in quotes
        for days in FILLS
        if (month := quote.month(days)) is not None
    ]
    if not found:
        yield say("No price is typed yet.")
        return
    strengths = {quote.strength.casefold() for _, quote, _ in found}
    sources = {quote.source for _, quote, _ in found}
    if len({quote.name for _, quote, _ in found}) > 1 and len(strengths) > 1:
        yield say("The strengths are not the same, so these prices can't be compared.")
    elif len(found) > 1:
        month, quote, days = min(found, key=lambda one: one[0])
        yield say(
            "The lowest price for a month is {price}: {pharmacy}, {days} days at a time.",
            price=money(round(month, 2)),
            pharmacy=quote.name,
            days=days,
        )
    if len(sources) > 1:
        yield say("They are not all made from the same thing. Your plan may pay for only one kind.")
    if any(quote.shipping is None for _, quote, _ in found):
        yield say("Shipping is not asked yet everywhere. It can change which one is lowest.")


# -- what counts -------------------------------------------------------------------------------


def _show_taxes(dataset: Dataset) -> None:
    st.header(say("Does it count for an HSA or FSA?"))
    rule = dataset.rules_by_id.get(TAX_RULE)
    if rule is not None:
        mark = cards.OUR_READING if rule.basis == Basis.INFERRED else ""
        marked = f'<ul class="cc-marks"><li>{html.escape(say(mark))}</li></ul>' if mark else ""
        cards.show(
            f'<div class="cc-reason"><p>{in_english(rule.summary)}</p>{marked}'
            f"{cards.source_line(rule.citation)}</div>"
        )
    st.markdown(say("Ask your HSA or FSA before you count on it. We have not seen its own rules."))
    st.header(say("What may not count"))
    st.markdown(
        say(
            "Ask your plan if the cash you pay counts toward your deductible. We found no "
            "published rule that says so for all plans. Keep the prescription and each receipt."
        )
    )


def _show_claim() -> None:
    st.header(say("Can you get money back?"))
    st.markdown(
        say(
            "Some plans take a paper claim after you paid. Ask yours on the phone. We can draft "
            "the claim for you to sign."
        )
    )
    if st.button(say("Draft a paper claim"), key="cash-claim", icon=":material/edit_document:"):
        st.session_state["letter-type"] = CLAIM
        st.switch_page("dashboard/letter.py")
    st.page_link("dashboard/call.py", label=say("Call your plan"), icon=":material/call:")


# -- the sheet ---------------------------------------------------------------------------------


def _sheet(quotes: Sequence[Quote], medicine: str) -> str:
    """The sheet to ask with: what was typed, and lines to write on where nothing was."""
    line = "____________________"
    blocks = []
    for quote in quotes:
        lines = [
            (say("Strength and form"), quote.strength),
            (say("Made from"), say(SOURCES[quote.source]) if quote.source else ""),
            *((say("Price for {days} days", days=d), _typed(quote.prices[d])) for d in FILLS),
            (say("Shipping for each fill"), _typed(quote.shipping)),
            (say("Codes (NDC)"), quote.codes),
        ]
        items = "".join(
            f"<li>{html.escape(label)}: {html.escape(told or line)}</li>" for label, told in lines
        )
        blocks.append(f"{cards.heading(quote.name)}<ul>{items}</ul>")
    about = f"<p>{in_english(medicine)}</p>" if medicine else ""
    return cards.paper(f"<h1>{html.escape(say('Prices to ask for'))}</h1>", about, *blocks)


def _typed(dollars: float | None) -> str:
    return "" if dollars is None else money(dollars)


page()
