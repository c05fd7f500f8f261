"""The commands about letters and papers: exit codes, keys, and one clear sentence."""

import csv
import io
import json

import pikepdf
import pytest
from icalendar import Calendar
from PIL import Image

from compound_coverage.cli import main
from compound_coverage.dataset.load import BUNDLED
from compound_coverage.letters.casefile import example_case
from tests.letters.forms.examples import good_names

LMN = "letter_of_medical_necessity"
DENIAL = """NOTICE OF DENIAL
Date of notice: March 9, 2026
Reference number: A77-1290
We have denied your request for low dose naltrexone capsules.
Reason: compounded drugs are excluded from your benefit.
"""


@pytest.fixture
def run(capsys):
    def command(*words):
        code = main(["--data", str(BUNDLED), *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture
def case(tmp_path):
    """Writes the complete example with sections changed; returns its path."""

    def written(plan_id="unlisted-medicare-part-d-TX", **changes):
        data = example_case(plan_id)
        for name, value in changes.items():
            data[name] = {**data[name], **value}
        path = tmp_path / "case.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return written


def test_suggest_names_the_right_letter_with_its_deadline(run, case):
    code, out, _ = run("letter", "--suggest", "--case", case(request={"stage": "appeal"}), "--json")
    first = json.loads(out)[0]
    assert code == 0
    assert first["type"] == "redetermination_request"
    assert "65" in first["deadline"]
    assert run("letter", "--suggest", "--case", case())[1].startswith("coverage_determination")


def test_every_type_can_be_written_to_every_ending(run, case, tmp_path):
    kinds = json.loads(run("letter", "--types", "--json")[1])
    path = case()
    for number, kind in enumerate(kinds):
        out = tmp_path / f"letter.{('md', 'docx', 'pdf')[number % 3]}"
        code, told, error = run(
            "letter", "--case", path, "--type", kind["type"], "--out", out, "--json"
        )
        assert code in (0, 1), error
        assert json.loads(told)["files"] == [str(out)]
        assert out.stat().st_size > 500


def test_an_edited_draft_is_checked_and_pointed_at_by_line(run, case, tmp_path):
    path, draft = case(), tmp_path / "draft.md"
    run("letter", "--case", path, "--type", LMN, "--out", draft)
    words = ("letter", "--check", draft, "--case", path, "--type", LMN)
    assert run(*words)[1].strip() == "Nothing to mend was found."
    lines = draft.read_text(encoding="utf-8").splitlines()
    draft.write_text("\n".join([*lines, "", "LDN is FDA-approved."]), encoding="utf-8")
    code, out, _ = run(*words, "--json")
    assert code == 1
    assert [(claim["kind"], claim["line"]) for claim in json.loads(out)] == [
        ("fda_approved", len(lines) + 2)
    ]


def test_deadlines_come_as_dates_and_as_a_calendar(run, case, tmp_path):
    ics = tmp_path / "dates.ics"
    words = ("deadlines", "--case", case(), "--type", "redetermination_request")
    code, out, _ = run(*words, "--on", "2026-11-24", "--ics", ics, "--json")
    member = next(date for date in json.loads(out)["dates"] if date["who"] == "member")
    assert code == 0
    assert member["safe_day"] <= member["last_day"] == "2027-01-11"
    assert "notice" in member["notice"]
    text = ics.read_bytes()
    assert len(list(Calendar.from_ical(text).walk("VEVENT"))) >= 1
    assert b"naltrexone" not in text
    assert "2027-01-11" in run(*words, "--on", "2026-11-24")[1]


def test_a_packet_holds_what_was_asked_for(run, case, tmp_path):
    photo, text, out, word = (tmp_path / n for n in ("p.png", "t.md", "p.pdf", "l.docx"))
    Image.new("RGB", (90, 60), "red").save(photo)
    path = case()
    run("letter", "--case", path, "--type", LMN, "--out", text)
    code, told, _ = run(
        "packet", "--case", path, "--type", LMN, "--text", text, "--add", "evidence_list",
        "--attach", photo, "--docx", word, "--out", out, "--json",
    )  # fmt: skip
    document = json.loads(told)
    assert code in (0, 1)
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == document["pages"]
    assert document["files"] == [str(out), str(word)]
    small = run("packet", "--case", path, "--type", LMN, "--no-cover", "--out", out)
    assert "pages" in small[1]


def test_a_batch_starts_from_the_template_and_fills_a_folder(run, tmp_path):
    sheet, folder = tmp_path / "cases.xlsx", tmp_path / "letters"
    assert run("batch", "--template", sheet)[0] == 0
    code, out, progress = run("batch", sheet, "--out", folder, "--json")
    assert code == 0
    assert json.loads(out)[0]["complete"]
    assert "1 of 1 letters" in progress
    with (folder / "summary.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["complete"] for row in csv.DictReader(stream)] == ["yes"]
    code, _, error = run("batch", sheet, "--out", folder)
    assert code == 2
    assert "not an empty folder" in error
    lines = run("batch", sheet, "--type", "internal_appeal", "--out", tmp_path / "b")[1]
    assert "example: complete" in lines


def test_a_denial_is_read_from_a_file_and_from_pasted_text(run, tmp_path, monkeypatch):
    letter = tmp_path / "denial.txt"
    letter.write_text(DENIAL, encoding="utf-8")
    code, out, _ = run("denial", letter, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["decision"] == "denied"
    found = {finding["field"]: finding for finding in document["findings"]}
    assert found["notice_date"]["value"] == "2026-03-09"
    assert "March 9, 2026" in found["notice_date"]["quote"]
    assert document["reasons"][0]["answer_with"]
    monkeypatch.setattr("sys.stdin", io.StringIO(DENIAL))
    assert "A77-1290" in run("denial", "-")[1]
    letter.write_text("Dear reader, hello.", encoding="utf-8")
    assert run("denial", letter)[0] == 1


def test_a_plans_own_form_is_filled_and_shown(run, case, tmp_path):
    form, out, shown = tmp_path / "form.pdf", tmp_path / "filled.pdf", tmp_path / "pages"
    form.write_bytes(good_names())
    path = case()
    code, told, _ = run("form", form, "--case", path, "--out", out, "--preview", shown, "--json")
    document = json.loads(told)
    assert code == 0
    assert any(field["sure"] and field["value"] for field in document["fields"])
    assert (shown / "page-01.png").read_bytes().startswith(b"\x89PNG")
    assert "filled" in run("form", form, "--case", path, "--out", out)[1]
    code, _, error = run("form", form, "--case", path, "--out", out, "--accept", "nothing")
    assert (code, error.count("\n")) == (2, 1)


BAD = [
    (("letter", "--type", LMN, "--out", "x.md"), "--case is missing"),
    (("letter", "--case", "c.json", "--type", LMN, "--out", "x.txt"), "must end in"),
    (("batch", "--template", "x.ods"), "must end in"),
    (("batch",), "--sheet is missing"),
    (("packet", "--case", "c", "--type", LMN, "--out", "x.docx"), "must end in"),
    (("denial", "nowhere.pdf"), "can't be used"),
]


@pytest.mark.parametrize(("words", "told"), BAD, ids=[told for _, told in BAD])
def test_bad_input_is_one_sentence(run, words, told):
    code, out, error = run(*words)
    assert (code, out) == (2, "")
    assert told in error
    assert error.count("\n") == 1


def test_an_edited_text_must_be_utf8(run, case, tmp_path):
    draft = tmp_path / "draft.md"
    draft.write_bytes(b"\xff\xfe\x00")
    code, _, error = run("letter", "--check", draft, "--case", case(), "--type", LMN)
    assert code == 2
    assert "UTF-8" in error
