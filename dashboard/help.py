"""Help: short pages, one for each question people have; other pages link to the one that fits."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from compound_coverage.casework.handoffs import DAYS_KEPT
from compound_coverage.dataset.dates import LAST_KNOWN_AFTER_MONTHS
from compound_coverage.dataset.freshness import CHECK_EVERY_MONTHS
from compound_coverage.language import loose_day, number, say, to_say
from compound_coverage.vocabulary import Grade, Verdict
from dashboard import cards
from dashboard.parts import GRADES, dataset_or_stop, help_link

FDA = "https://www.fda.gov/drugs/guidance-compliance-regulatory-information/human-drug-compounding"
SPANISH_LINE = (
    "https://medium.com/wadepthealth/"
    "the-spanish-subnetwork-crisis-support-for-people-who-speak-spanish-3ef49f22004f"
)
NEVER_OURS = (
    to_say("It is not medical advice. Ask your doctor or pharmacist."),
    to_say("It is not legal advice."),
    to_say("It is not a promise. Only your plan can say yes or no."),
    to_say("We are not your plan, and we do not sell medicine."),
)
ROAD = (
    to_say("We take the rules that fit your plan, your state and the date."),
    to_say("We read them from the top down: law, program (such as Medicare), insurer, plan."),
    to_say("If the law or a program firmly says no, it is a no. No rule below can undo it."),
    to_say("If not, the rule closest to you counts most. Your plan comes before its insurer."),
    to_say("Some rules hang on a fact we do not know. Then we show what to ask, and whom."),
    to_say("We also show rules that nobody has confirmed. They decide nothing."),
)
VERDICT_MEANS = {
    Verdict.COVERED: to_say("A published rule says the plan pays, and we found no condition."),
    Verdict.CONDITIONAL: to_say("The plan pays if the things on the list are met."),
    Verdict.EXCEPTION_ONLY: to_say("The plan does not pay. But you can ask for an exception."),
    Verdict.NOT_COVERED: to_say("The plan does not pay. You can still appeal."),
    Verdict.UNKNOWN: to_say("No published rule answers it. It is not a yes or a no."),
}
KEPT = (
    to_say("We do not store what you pick or type, unless you press save."),
    to_say("A case you save on your device stays there. We have no copy."),
    to_say("A letter you give us to read is read here. Then it is gone."),
    to_say("What a doctor's office saves is locked (encrypted). The key is kept apart from it."),
    to_say("A report you send us must hold no names. Its words are wiped when it is closed."),
    to_say("Our pages load nothing from other sites. So those sites learn nothing of you."),
    to_say("We do not track you. Our logs hold no names and nothing you type."),
    to_say("A cookie holds a random code, so that your files go only to your browser."),
)


class Topic(NamedTuple):
    """One page of help: its title, in English, and what draws the rest of it."""

    title: str
    draw: Callable[[], None]


def page() -> None:
    topic = TOPICS.get(st.query_params.get("topic", ""))
    if topic is None:
        st.title(say("Help"))
        st.markdown(say("What would you like to know?"))
        for name, one in TOPICS.items():
            help_link(name, say(one.title))
        return
    st.title(say(topic.title))
    topic.draw()
    st.page_link("dashboard/help.py", label=say("All help"), icon=":material/arrow_back:")


# -- the topics --------------------------------------------------------------------------------


def _what() -> None:
    cards.show(
        cards.paragraph(
            say(
                "Some medicines are not sold ready-made. A pharmacy has to mix them. Will your "
                "plan pay?"
            )
        ),
        cards.paragraph(
            say(
                "Plans, states and programs publish rules about that. We read them and show what "
                "they say. Each line names its source and the day we read it."
            )
        ),
        cards.heading(say("What it is not")),
        _list(NEVER_OURS),
        cards.paragraph(say("It is open. Anybody may read the code and take the data.")),
    )
    st.page_link("dashboard/check.py", label=say("Check coverage"), icon=":material/search:")


def _verdict() -> None:
    cards.show(
        _list(ROAD, "ol"),
        cards.paragraph(
            say(
                "Silence is never a yes. A drug list that leaves a mix out proves nothing: such "
                "lists hold only drugs that are sold ready-made."
            )
        ),
        cards.paragraph(
            say("“Not known” is an answer too. Then we say what to ask, and whom to ask.")
        ),
    )
    with st.expander(say("What the five answers mean"), key="five-answers"):
        items = (
            f"<li>{cards.word_of(verdict)}: {html.escape(say(meaning))}</li>"
            for verdict, meaning in VERDICT_MEANS.items()
        )
        cards.show(f"<ul>{''.join(items)}</ul>")
    help_link("grades", say("How sure is a rule?"))


def _grades() -> None:
    firmness = {
        Grade.A: say("This is the firmest source."),
        Grade.B: say("It may lack the newest change."),
        Grade.C: say("This is the weakest source."),
    }
    grades = {
        say("Grade {grade}: {source}", grade=grade.value, source=say(GRADES[grade])): told
        for grade, told in firmness.items()
    }
    cards.show(
        cards.paragraph(say("Not all sources are alike. So each rule says how sure it is.")),
        _terms(
            grades
            | {
                say("Our reading"): say(
                    "The rule does not say it in plain words. We read it that way. Ask the plan "
                    "if we are right. A yes that rests on it stays a maybe."
                ),
                say("Not confirmed"): say("We have not read the source yet. It decides nothing."),
                say("Last known policy"): say(
                    "The paper, or our last look at it, is more than {months} months old. The "
                    "rule may be a new one by now. Ask the plan for it.",
                    months=LAST_KNOWN_AFTER_MONTHS,
                ),
            }
        ),
    )


def _data() -> None:
    dataset = dataset_or_stop()
    cards.show(
        cards.paragraph(
            say(
                "Plans, states and federal agencies publish their rules. We read them and say in "
                "our own words what they mean. No source, no rule."
            )
        ),
        cards.paragraph(
            say(
                "One person proposes a change. A second person checks it and sees each answer "
                "that would change. Nobody decides alone."
            )
        ),
        cards.paragraph(
            say(
                "We read a source again after {own} months. If it is only a copy or a summary, "
                "we do so after {copy} months.",
                own=CHECK_EVERY_MONTHS[Grade.A],
                copy=CHECK_EVERY_MONTHS[Grade.C],
            )
        ),
        cards.paragraph(_release(dataset.release, len(dataset.rules))),
        cards.heading(say("Is something wrong?")),
        cards.paragraph(
            say(
                "Press “This is wrong or out of date” beside the line. You need no account. An "
                "advocate looks it up, and mends it if a paper says so. You can become an "
                "advocate too."
            )
        ),
    )
    st.page_link("dashboard/known.py", label=say("What we know"), icon=":material/database:")


def _release(name: str, rules: int) -> str:
    """When the data was put out, how much it holds, and what one may do with it."""
    count = number(rules)
    if not name:
        return say("It holds {rules} rules. It has not been put out as a release yet.", rules=count)
    # a second release of one day carries a number behind the date
    return say(
        "This release is of {day} and holds {rules} rules. You may use it for any end if you "
        "name it (license CC BY 4.0).",
        day=loose_day(name[:10]),
        rules=count,
    )


def _privacy() -> None:
    left = say(
        "What you leave here for an office is locked too. It goes after {days} days.",
        days=DAYS_KEPT,
    )
    cards.show(
        _list(KEPT, more=(left,)),
        cards.paragraph(
            say(
                "A link to a source leads to another site. That site has its own rules. Close "
                "this page when others use the same device."
            )
        ),
    )


def _compound() -> None:
    cards.show(
        cards.paragraph(
            say(
                "A compounded medicine is mixed for one patient. It is made when no ready-made "
                "drug will do. Some people need another strength, or a liquid, or a pill "
                "without a dye."
            )
        ),
        cards.paragraph(
            say(
                "The FDA does not approve compounds. It does not check that a mix is safe, or that "
                "it works, before you get it."
            )
        ),
        _source(FDA, say("FDA: about compounded drugs")),
        cards.heading(say("Powder or approved product?")),
        cards.paragraph(
            say(
                "A pharmacy can start from bulk powder, which is no approved product. Or it can "
                "start from one, such as a tablet. The mix itself is not approved either way."
            )
        ),
        cards.paragraph(
            say(
                "Plans look at the product code (NDC) of each part. The code tells one from the "
                "other. Many of the rules we read shut powder out. A tablet alone is no yes: the "
                "plan also looks at what it is used for."
            )
        ),
        cards.paragraph(say("Ask your pharmacy what it starts from.")),
    )


def _crisis() -> None:
    cards.show(
        '<div class="cc-card cc-not_covered">',
        cards.heading(say("In danger right now? Call 911.")),
        _call("tel:911", say("Call 911")),
        "</div>",
    )
    cards.show(
        '<div class="cc-card cc-unknown">',
        cards.heading(say("Thinking about suicide? Call or text 988.")),
        cards.paragraph(
            say("It is free, day and night. You can also call if you worry about somebody.")
        ),
        _call("tel:988", say("Call 988"), "sms:988", say("Text 988")),
        cards.paragraph(say("For Spanish, call 988 and press 2, or text AYUDA to 988.")),
        "</div>",
        _source(SPANISH_LINE, say("Washington State Department of Health: 988 in Spanish")),
        cards.paragraph(
            say(
                "Depression can bring such thoughts. Tell your doctor about them. Do not wait "
                "for a letter or for an answer of your plan."
            )
        ),
    )


TOPICS = {
    "what": Topic(to_say("What this is, and what it is not"), _what),
    "verdict": Topic(to_say("How we find the answer"), _verdict),
    "grades": Topic(to_say("How sure is a rule?"), _grades),
    "data": Topic(to_say("Where the data comes from"), _data),
    "privacy": Topic(to_say("Your privacy"), _privacy),
    "compound": Topic(to_say("What is a compounded medicine?"), _compound),
    "crisis": Topic(to_say("Help in a crisis"), _crisis),
}


# -- pieces ------------------------------------------------------------------------------------


def _list(texts: Sequence[str], kind: str = "ul", more: Sequence[str] = ()) -> str:
    """A list of English messages, and of ``more`` that is already said."""
    items = "".join(f"<li>{html.escape(text)}</li>" for text in (*map(say, texts), *more))
    return f"<{kind}>{items}</{kind}>"


def _terms(told: dict[str, str]) -> str:
    items = "".join(
        f"<dt><strong>{html.escape(term)}</strong></dt><dd>{html.escape(meaning)}</dd>"
        for term, meaning in told.items()
    )
    return f"<dl>{items}</dl>"


def _source(url: str, title: str) -> str:
    link = (
        f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">'
        f"{html.escape(title)}</a>"
    )
    return f'<p class="cc-source">{html.escape(say("Source:"))} {link}</p>'


def _call(*pairs: str) -> str:
    """Links that dial or text, as address and words in turn."""
    links = (
        f'<a href="{address}"><strong>{html.escape(words)}</strong></a>'
        for address, words in zip(pairs[::2], pairs[1::2], strict=True)
    )
    return f"<p>{' &nbsp; '.join(links)}</p>"


page()
