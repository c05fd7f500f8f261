"""The load generator of bench/: three people at a real server see the answers of the engine."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench.load import Answers, Click, Page, PageError, Think, visits
from tools.browser import serving

USERS, ANSWERS = 3, 2


def outside(work):
    """Runs ``work`` in a thread of its own: a browser of another test may hold this one's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_three_people_click_and_see_the_answers_of_the_engine(bundled, tmp_path):
    answers = Answers(bundled)
    with serving(COMPOUND_COVERAGE_HOME=str(tmp_path)) as address:
        seen = visits(address, USERS, Think(0, 0), answers=ANSWERS, plans=list(answers.plans))
        meter = outside(seen)
    meter.check(answers)
    assert not meter.errors
    assert len(meter.opened) == USERS
    assert len(meter.answers) == USERS * ANSWERS
    assert {kind: len(times) for kind, times in meter.clicks.items()} == {
        Click.PICK: USERS * ANSWERS,
        Click.ANSWER: USERS * ANSWERS,
        Click.BACK: USERS * ANSWERS,
    }
    assert all(shown for _, shown in meter.answers)
    assert meter.received > 0


def test_a_wrong_answer_and_a_missing_one_are_errors(bundled):
    answers = Answers(bundled)
    plan, medication = next(iter(answers.plans)), next(iter(bundled.medications.values())).name
    picked = {"plan": plan, "medication": medication}
    right = answers.heading(picked)
    meter = outside(nobody())
    meter.answers = [(picked, f":green[:material/check_circle:] {right}")]
    meter.check(answers)
    assert not meter.errors
    meter.answers = [(picked, "Something else"), (picked, "")]
    meter.check(answers)
    assert meter.errors == {"another answer than the engine's": 1, "no answer on the page": 1}


async def nobody():
    return await visits("http://127.0.0.1:1", 0, Think(0, 0), seconds=0)


def test_a_server_that_is_not_there_is_an_error():
    meter = outside(visits("http://127.0.0.1:1", 2, Think(0, 0), answers=1))
    assert meter.errors.total() == 2
    assert not meter.all_clicks


# -- what a browser does with the messages -----------------------------------------------------


def begins(**session):
    message = ForwardMsg()
    message.new_session.page_script_hash = "page"
    message.new_session.config.max_cached_message_age = 2
    message.metadata.run.fragment_ids.extend(session.get("fragments", []))
    return message


def shows(place, body, anchor="answer", fragment=""):
    message = ForwardMsg()
    message.metadata.delta_path.extend(place)
    message.delta.fragment_id = fragment
    message.delta.new_element.heading.body = body
    message.delta.new_element.heading.anchor = anchor
    return message


def ends(status=ForwardMsg.FINISHED_SUCCESSFULLY):
    return ForwardMsg(script_finished=status)


def taken(page, *messages):
    return [page.take(message.SerializeToString()) for message in messages]


def test_what_a_run_does_not_draw_again_is_gone():
    page = Page()
    assert taken(page, begins(), shows([0, 0], "Covered"), ends()) == [False, False, True]
    assert page.answer() == "Covered"
    taken(page, begins(), shows([0, 1], "Why", anchor="why"), ends())
    assert page.answer() == ""


def test_a_run_of_a_fragment_leaves_the_rest_of_the_page():
    page = Page()
    taken(page, begins(), shows([0, 0], "Covered"), shows([0, 1], "x", "x", "part"), ends())
    finished = ends(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
    taken(page, begins(fragments=["part"]), shows([0, 1], "y", "y", "part"), finished)
    assert page.answer() == "Covered"


def test_a_message_that_was_kept_comes_as_its_hash_only():
    page, kept = Page(), shows([0, 0], "Covered")
    kept.hash, kept.metadata.cacheable = "h1", True
    taken(page, begins(), kept, ends())
    again = ForwardMsg(ref_hash="h1")
    again.metadata.delta_path.extend([0, 3])
    taken(page, begins(), again, ends())
    assert page.answer() == "Covered"
    taken(page, begins(), ends())
    taken(page, begins(), ends())
    with pytest.raises(PageError, match="was not"):
        taken(page, begins(), again)


def test_a_run_that_begins_anew_is_not_over_and_one_that_breaks_is_an_error():
    page = Page()
    assert taken(page, begins(), ends(ForwardMsg.FINISHED_EARLY_FOR_RERUN)) == [False, False]
    broken = ForwardMsg()
    broken.metadata.delta_path.extend([0, 0])
    broken.delta.new_element.exception.type = "ValueError"
    assert taken(page, begins(), broken, ends()) == [False, False, True]
    with pytest.raises(PageError, match="shows an error"):
        page.answer()
    with pytest.raises(PageError, match="compiled"):
        taken(page, begins(), ends(ForwardMsg.FINISHED_WITH_COMPILE_ERROR))
    with pytest.raises(PageError, match="does not ask for the plan"):
        page.pick("plan", "any")
