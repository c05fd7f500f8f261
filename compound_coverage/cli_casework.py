"""The commands about casework: deeds, sealed files, signatures, and the operator's own."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound

from compound_coverage.casework import audit, backup, breakglass, handoffs, pades, people, rotation
from compound_coverage.casework.commands import do, values_of
from compound_coverage.casework.content import content_of
from compound_coverage.casework.keyring import add_key, key_path, make_key_file
from compound_coverage.casework.office import Office, open_office
from compound_coverage.casework.sealed import new_phrase
from compound_coverage.casework.settings import settings
from compound_coverage.casework.signing import verification
from compound_coverage.casework.tables import ORGANISATION
from compound_coverage.cli_common import DONE, WANTING, imported, json_flag, say
from compound_coverage.database import database_url
from compound_coverage.dataset.load import load
from compound_coverage.letters.casefile import load_case
from compound_coverage.letters.documents import write


def add_commands(commands: Any) -> None:
    """Adds ``casework`` to the command line."""
    parser = commands.add_parser("casework", help="cases, signatures, keys, backups")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_deeds(actions)
    _add_sealed(actions)
    _add_verify(actions)
    _add_practice(actions)
    _add_keys(actions)
    _add_audit(actions)
    _add_backup(actions)
    _add_break_glass(actions)


def _office(options: argparse.Namespace) -> Office:
    @cache
    def dataset() -> Any:
        return load(options.data)

    return open_office(dataset, imported, settings())


# -- deeds -------------------------------------------------------------------------------------


def _add_deeds(actions: Any) -> None:
    parser = actions.add_parser("do", help="any deed of the pages, by name, on a laptop")
    parser.add_argument("name", metavar="NAME", help="such as cases/list or cases/read")
    parser.add_argument(
        "--input", metavar="FILE", help="the values as JSON; - reads standard input"
    )
    parser.set_defaults(run=_do)


def _do(options: argparse.Namespace) -> int:
    office = _office(options)
    if office.settings.office:
        # a command line can't tell who types, and every deed of a practice has its person
        raise ValueError(
            "On an office server use the pages or /office, so that each deed is known."
        )
    values = values_of(_text_of(options.input)) if options.input else {}
    done = do(office, people.laptop_owner(office.desk), options.name, values)
    print(json.dumps(done, ensure_ascii=False, indent=2))
    return DONE


def _text_of(name: str) -> str:
    return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")


# -- sealed files ------------------------------------------------------------------------------


def _add_sealed(actions: Any) -> None:
    seal = actions.add_parser("seal", help="a case file as a sealed file for the office")
    seal.add_argument("--case", type=Path, required=True, metavar="FILE")
    seal.add_argument("--type", default="letter_of_medical_necessity", metavar="TYPE")
    seal.set_defaults(run=_seal)
    unseal = actions.add_parser("unseal", help="the case file in a sealed file")
    unseal.add_argument("file", type=Path, metavar="FILE")
    unseal.set_defaults(run=_unseal)
    for parser in (seal, unseal):
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")
        parser.add_argument(
            "--phrase-file", type=Path, metavar="FILE", help="holds the pass phrase; else asked"
        )


def _seal(options: argparse.Namespace) -> int:
    facts = load_case(options.case).model_dump(mode="json", exclude_none=True)
    phrase = _phrase(options, f"Pass phrase (such as {new_phrase()}): ")
    content = content_of({"facts": facts, "letter_type": options.type})
    write(options.out, handoffs.to_file(content, phrase))
    return DONE


def _unseal(options: argparse.Namespace) -> int:
    content = handoffs.from_file(options.file.read_bytes(), _phrase(options, "Pass phrase: "))
    write(options.out, json.dumps(content.facts, ensure_ascii=False, indent=2))
    return DONE


def _phrase(options: argparse.Namespace, question: str) -> str:
    if options.phrase_file:
        return str(options.phrase_file.read_text(encoding="utf-8").strip())
    return getpass.getpass(question)


# -- signatures --------------------------------------------------------------------------------


def _add_verify(actions: Any) -> None:
    parser = actions.add_parser("verify", help="is this PDF as it was signed?")
    parser.add_argument("file", type=Path, metavar="FILE.pdf")
    json_flag(parser)
    parser.set_defaults(run=_verify)
    trial = actions.add_parser("certificate", help="a self-signed certificate, for trying out")
    trial.add_argument("--practice", required=True, metavar="NAME")
    trial.add_argument("--out", type=Path, required=True, metavar="FILE.p12")
    trial.add_argument(
        "--phrase-file", type=Path, metavar="FILE", help="its passphrase; else asked"
    )
    trial.set_defaults(run=_certificate)


def _verify(options: argparse.Namespace) -> int:
    pdf = options.file.read_bytes()
    if settings().office or not key_path().exists():
        found = verification(pades.check(pdf), None)
    else:
        office = _office(options)
        found = office.signing.verify(people.laptop_owner(office.desk), pdf)
    seal = found.seal
    document = {
        "as_signed": found.as_signed,
        "told": found.told,
        "seal": json.loads(json.dumps(asdict(seal), default=str)),
        "signature": asdict(found.signed) if found.signed else None,
    }
    say(options, document, [found.told, *seal.problems])
    return DONE if seal.found and seal.intact and seal.whole else WANTING


def _certificate(options: argparse.Namespace) -> int:
    phrase = _phrase(options, "Passphrase for the certificate: ")
    write(options.out, pades.make_trial_certificate(options.practice, phrase, datetime.now(UTC)))
    return DONE


# -- the practice ------------------------------------------------------------------------------


def _add_practice(actions: Any) -> None:
    parser = actions.add_parser("practice", help="sets up a practice with its first manager")
    parser.add_argument("--name", required=True)
    parser.add_argument("--manager", required=True, metavar="NAME")
    parser.add_argument("--email", required=True, help="the one the manager signs in by")
    parser.add_argument("--years", type=int, default=people.YEARS_KEPT, help="how long cases stay")
    parser.add_argument(
        "--keeps-dataset",
        action="store_true",
        help="its members may be advocates, who change what every practice here reads",
    )
    json_flag(parser)
    parser.set_defaults(run=_practice)
    keeper = actions.add_parser("keeper", help="lets a practice keep the dataset, or no longer")
    keeper.add_argument("organisation", metavar="ID")
    keeper.add_argument("--no", action="store_true", help="no longer; its advocates lose the role")
    keeper.set_defaults(run=_keeper)


def _practice(options: argparse.Namespace) -> int:
    if not 1 <= options.years <= 100:
        raise ValueError("--years must be 1 to 100.")
    made = people.make_organisation(
        _office(options).desk,
        options.name,
        options.manager,
        options.email,
        options.years,
        keeps_dataset=options.keeps_dataset,
    )
    say(options, {"organisation_id": made}, [f"The practice {made} is set up."])
    return DONE


def _keeper(options: argparse.Namespace) -> int:
    people.keep_dataset(_office(options).desk, options.organisation, not options.no)
    return DONE


# -- keys --------------------------------------------------------------------------------------


def _add_keys(actions: Any) -> None:
    parser = actions.add_parser("keys", help="makes, adds, changes and drops the keys")
    parser.add_argument("what", choices=["new", "add", "rotate", "retire", "status"])
    json_flag(parser)
    parser.set_defaults(run=_keys)


def _keys(options: argparse.Namespace) -> int:
    path = settings().keys or key_path()
    document: dict[str, Any]
    match options.what:
        case "new":
            document = {"key_id": make_key_file(path).current}
        case "add":
            document = {"key_id": add_key(path)}
        case "rotate":
            document = asdict(rotation.rotate(_office(options).desk))
        case "retire":
            document = {"dropped": list(rotation.retire(_office(options).desk))}
        case _:
            desk = _office(options).desk
            document = {"key_id": desk.ring.current, "in_use": rotation.keys_in_use(desk)}
    say(options, document, [f"{name}: {value}" for name, value in document.items()])
    return DONE


# -- the audit trail ---------------------------------------------------------------------------


def _add_audit(actions: Any) -> None:
    parser = actions.add_parser("audit", help="checks the audit trail of every practice")
    parser.add_argument(
        "--head",
        action="append",
        default=[],
        metavar="PRACTICE:NUMBER:MARK",
        help="a head written down before, from the log: the trail must still hold it",
    )
    json_flag(parser)
    parser.set_defaults(run=_audit)


def _audit(options: argparse.Namespace) -> int:
    desk = _office(options).desk
    known = dict(_head(text) for text in options.head)
    document: dict[str, dict[str, Any]] = {}
    with desk.reading() as connection:
        # a head that was written down speaks of a practice even if its row is gone
        for organisation_id in dict.fromkeys(
            [*connection.execute(ORGANISATION.select()).scalars(), *known]
        ):
            head = _head_now(connection, organisation_id)
            document[organisation_id] = {
                "number": head.number,
                "mark": head.mark,
                "faults": audit.faults(
                    connection, desk.ring, organisation_id, known.get(organisation_id)
                ),
            }
    lines = [
        f"{name}: {told['number']} entries, head {told['mark']}. "
        + (" ".join(told["faults"]) or "No entry was changed, moved or removed.")
        for name, told in document.items()
    ]
    say(options, document, lines or ["There is no practice yet."])
    return WANTING if any(told["faults"] for told in document.values()) else DONE


def _head_now(connection: Connection, organisation_id: str) -> audit.Head:
    try:
        return audit.head_of(connection, organisation_id)
    except NoResultFound:
        return audit.Head(0, "")  # that it is missing stands among the faults


def _head(text: str) -> tuple[str, audit.Head]:
    parts = text.split(":")
    if len(parts) != 3 or not re.fullmatch("[0-9]{1,12}", parts[1]):
        raise ValueError(f"'{text[:60]}' is not a head; write PRACTICE:NUMBER:MARK.")
    return parts[0], audit.Head(int(parts[1]), parts[2])


# -- backup ------------------------------------------------------------------------------------


def _add_backup(actions: Any) -> None:
    make = actions.add_parser("backup", help="all casework as one sealed file")
    make.add_argument("file", type=Path, metavar="FILE")
    make.set_defaults(run=_backup)
    back = actions.add_parser("restore", help="brings a backup back")
    back.add_argument("file", type=Path, metavar="FILE")
    back.add_argument("--replace", action="store_true", help="in the place of what is there")
    back.set_defaults(run=_restore)
    for parser in (make, back):
        json_flag(parser)


def _backup(options: argparse.Namespace) -> int:
    return _say_manifest(options, backup.back_up(_office(options).desk, options.file))


def _restore(options: argparse.Namespace) -> int:
    ring = _office(options).desk.ring
    return _say_manifest(
        options, backup.restore(database_url(), ring, options.file, replace=options.replace)
    )


def _say_manifest(options: argparse.Namespace, manifest: backup.Manifest) -> int:
    document = asdict(manifest)
    say(options, document, [f"{name}: {value}" for name, value in document.items()])
    return WANTING if manifest.faults else DONE


# -- breaking the glass ------------------------------------------------------------------------


def _add_break_glass(actions: Any) -> None:
    parser = actions.add_parser(
        "break-glass", help="reads a case in an emergency; always leaves an audit entry"
    )
    parser.add_argument("--case", required=True, metavar="ID")
    parser.add_argument("--why", required=True, metavar="TEXT")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.zip")
    parser.set_defaults(run=_break_glass)


def _break_glass(options: argparse.Namespace) -> int:
    desk = _office(options).desk
    user = os.getuid() if hasattr(os, "getuid") else 0  # Windows has no such number
    write(options.out, breakglass.break_glass(desk, options.case, options.why, user))
    return DONE
