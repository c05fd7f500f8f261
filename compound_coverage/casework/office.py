"""Everything a page, a route or a command needs of casework, put together once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from compound_coverage.casework import pades
from compound_coverage.casework.cases import Cases
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.dues import DueDays, Lists
from compound_coverage.casework.keyring import KeyRing, key_path, make_key_file
from compound_coverage.casework.packets import Packets
from compound_coverage.casework.papers import Papers
from compound_coverage.casework.people import Limits
from compound_coverage.casework.review import Review, review
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.signing import Signing
from compound_coverage.database import home
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.tables import write_atomically
from compound_coverage.letters.assemble import draft_for
from compound_coverage.letters.casefile import load_case
from compound_coverage.letters.render import Draft


class Office:
    """The services of casework over one desk."""

    def __init__(
        self,
        desk: Desk,
        dataset: Callable[[], Dataset],
        lists: Lists,
        settings: Settings,
    ) -> None:
        """``dataset`` and ``lists`` are asked anew each time: both may change while this runs."""
        self.desk = desk
        self.settings = settings
        self.limits = Limits(
            timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.session_hours)
        )
        self._dataset = dataset
        self._lists = lists
        dues = DueDays(dataset, lists)
        self.cases = Cases(desk, dues)
        self.papers = Papers(desk, dues)
        self.signing = Signing(desk, self.review, dues, lambda: self.sealer)
        self.packets = Packets(desk, self.draft, lambda: self.sealer)

    def review(self, content: Content) -> Review:
        """A draft by today's rules. Raises ValueError where the facts make no letter yet."""
        with self._lists() as lists:
            return review(content, self._dataset(), self.desk.now().date(), lists)

    def draft(self, content: Content, letter_type: str) -> Draft:
        """Another document of a draft's facts, by today's rules. Raises ValueError."""
        with self._lists() as lists:
            case, today = load_case(content.facts), self.desk.now().date()
            return draft_for(case, self._dataset(), letter_type, content.language, today, lists)

    @cached_property
    def sealer(self) -> pades.Sealer:
        """The practice's certificate, opened. Raises SealError."""
        if self.settings.signing_certificate is None:
            return _trial_sealer(self.desk)
        words = self.settings.signing_passphrase_file
        try:
            passphrase = words.read_text(encoding="utf-8").strip() if words else ""
            return pades.load_certificate(
                self.settings.signing_certificate.read_bytes(), passphrase
            )
        except OSError as error:
            raise pades.SealError(
                f"The practice's certificate can't be read: {error.strerror}; check its path."
            ) from None


def open_office(dataset: Callable[[], Dataset], lists: Lists, settings: Settings) -> Office:
    """The office over the database and the keys this machine is set up with.

    On a laptop the key file is made at the first start. Raises StoreError, KeyRingError.
    """
    path = settings.keys or key_path()
    if not settings.office and not path.exists():
        make_key_file(path)
    return Office(Desk(open_casework(), KeyRing(path)), dataset, lists, settings)


def _trial_sealer(desk: Desk) -> pades.Sealer:
    """A self-signed certificate for trying out, made at its first use; it says what it is."""
    path = home() / "trial-certificate.p12"
    passphrase = desk.ring.index("trial certificate")
    held = _good(path, passphrase, desk)
    if held is None:
        made = pades.make_trial_certificate("this computer", passphrase, desk.now())
        write_atomically(path, made, mode=0o600)
        held = pades.load_certificate(path.read_bytes(), passphrase)
    return held


def _good(path: Path, passphrase: str, desk: Desk) -> pades.Sealer | None:
    """The certificate kept there, if it can be opened and is valid today."""
    try:
        held = pades.load_certificate(path.read_bytes(), passphrase)
    except (OSError, pades.SealError):
        return None
    told = held.certificate
    valid = told.not_before <= desk.now() + timedelta(minutes=1) < told.not_after
    return held if valid else None
