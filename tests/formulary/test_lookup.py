"""What the imported lists answer, on SQLite and on PostgreSQL."""

import pytest

from compound_coverage.formulary.importer import import_paths
from compound_coverage.formulary.lookup import Formularies, Share, reading
from compound_coverage.formulary.set_aside import set_aside_csv
from compound_coverage.formulary.sources import sources
from tests.formulary.small_release import NALTREXONE, ON_SECOND, write_release


def bring(engine, folder):
    return import_paths(engine, [folder], sources("part-d"))


@pytest.fixture
def lists(engine, tmp_path):
    bring(engine, write_release(tmp_path / "release"))
    with reading(engine) as formularies:
        yield formularies


def test_a_drug_with_all_that_is_published_of_it(lists):
    found = lists.drug("H0001-001-000", NALTREXONE)
    assert found.on_list
    assert (found.tier, found.quantity_amount, found.quantity_days) == ("2", "30", "30")
    assert (found.prior_authorization, found.step_therapy, found.quantity_limit) == (True,) * 3
    assert found.cost_sharing == (
        Share("a preferred pharmacy", 30, 5.0, None),
        Share("a standard pharmacy", 30, 10.0, None),
        Share("standard mail order", 30, None, 0.25),
    )
    document = found.as_dict()
    assert document["release"] == "2026Q1"
    assert document["plan"]["plan_key"] == "H0001-001-000"
    assert {"tier", "prior_authorization", "step_therapy", "quantity_limit", "cost_sharing"} <= set(
        document
    )


def test_a_plan_number_without_its_segment_is_understood(lists):
    assert lists.drug("h0001-001", NALTREXONE).on_list
    assert lists.plan("S0002-007").payer == "INVENTED RX CO."


def test_a_drug_that_is_not_on_the_list(lists):
    found = lists.drug("H0001-001-000", "596934")
    assert not found.on_list
    assert found.prior_authorization is None


def test_what_the_file_calls_excluded_is_covered_as_a_supplement(lists):
    found = lists.drug("H0001-001-000", "777")
    assert found.on_list
    assert found.supplement


def test_a_drug_listed_for_some_uses_only(lists):
    assert lists.drug("S0002-007-000", "596934").indications == ("SPONDYLITIS, ANKYLOSING",)


def test_a_plan_that_is_not_there(lists):
    assert lists.drug("H9999-001-000", NALTREXONE) is None
    assert lists.drug_row("H9999-001-000", NALTREXONE) is None
    assert lists.plan("nothing") is None


def test_where_plans_are_sold(lists):
    areas = lists.areas()
    assert {"TX", "Texas", "Travis", "Harris"} <= areas["H0001-001-000"]
    assert lists.areas_of("S0002-007-000") == areas["S0002-007-000"]


def test_an_empty_store_answers_nothing(engine):
    with reading(engine) as formularies:
        assert formularies.releases() == []
        assert formularies.plans() == []
        assert formularies.drug("H0001-001-000", NALTREXONE) is None


def on_first_list(lists):
    found = lists.drug("H0001-001-000", NALTREXONE)
    return found and found.on_list


def test_a_newer_release_is_used_at_once_and_the_older_is_kept(engine, tmp_path):
    bring(engine, write_release(tmp_path / "one"))
    with reading(engine) as formularies:
        assert on_first_list(formularies)
        formularies.connection.commit()
        bring(engine, write_release(tmp_path / "two", "2026Q2", drugs=[ON_SECOND]))
        assert not on_first_list(formularies)
        newer, older = formularies.history()
        assert (newer.label, older.label) == ("2026Q2", "2026Q1")
        before = Formularies(formularies.connection, [older])
        assert on_first_list(before)
        assert len(before.releases()) == 1


def test_rows_set_aside_can_be_taken_out_as_a_table(engine, tmp_path):
    bad = "=cmd|x|2026|1483744|1|2|N| | |N|N|N"
    bring(engine, write_release(tmp_path / "one", drugs=[ON_SECOND, bad]))
    header, row = set_aside_csv(engine).splitlines()
    assert header == "source,release,file,line,reason,text"
    assert ",3," in row
    assert "'=cmd" in row
