"""Accepted proposals become rows of the dataset, a dated release, and a commit each.

The folder is the truth: what a row of ``changes.csv`` names as published is published, even if the
program died before it could write that down in the database. So a publication that broke off is
simply done again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import RowMapping, select

from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.desk import Desk, Work
from compound_coverage.casework.people import name_of
from compound_coverage.casework.tables import PROPOSAL
from compound_coverage.curation.proposals import (
    Revision,
    State,
    add_remark,
    newest_revision,
    set_proposal,
    with_changes,
)
from compound_coverage.curation.repository import (
    Person,
    RepositoryError,
    commit,
    commit_leftovers,
    is_checkout,
)
from compound_coverage.dataset.changes import ChangeError
from compound_coverage.dataset.folder import one_writer
from compound_coverage.dataset.maintain import write_dataset
from compound_coverage.dataset.releases import next_release
from compound_coverage.dataset.schema import ChangeRow
from compound_coverage.dataset.tables import DatasetError, Tables, read_tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import ENGLISH, say, speaking


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did: the release (empty if nothing was new), what went in, what could
    not, with the reason, and what is to be told besides."""

    release: str
    titles: tuple[str, ...]
    set_back: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


class Publisher:
    """Publishes into one dataset folder."""

    def __init__(self, desk: Desk, folder: Callable[[], Path]) -> None:
        """``folder`` names the dataset's folder each time it is asked."""
        self.desk = desk
        self.folder = folder

    def publish(self, actor: Actor) -> Published:
        """Puts every accepted proposal into the dataset, in the order they were accepted.

        One that no longer fits, because of what was published before it, goes back to its author
        with the reason. Raises Forbidden, DatasetError, folder.FolderError, OSError; what was
        published by then stays, and the next publication takes up from there.
        """
        folder = self.folder()
        with self.desk.act(actor, Action.DATASET_PUBLISH) as work, one_writer(folder):
            run = _Run(work, folder, self.desk.now().date())
            for row in _accepted(work):
                run.take(row)
            work.note(published=len(run.titles), set_back=len(run.set_back))
        return Published(run.release, tuple(run.titles), tuple(run.set_back), tuple(run.notes))


class _Run:
    """One publication under way."""

    def __init__(self, work: Work, folder: Path, today: date) -> None:
        self.work, self.folder, self.today = work, folder, today
        tables, faults = read_tables(folder)
        if faults:
            raise DatasetError(faults)
        self.tables: Tables = tables
        self.release = ""
        self.titles: list[str] = []
        self.set_back: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.with_git = is_checkout(folder)
        if self.with_git:
            self._with_git(lambda: commit_leftovers(folder))

    def take(self, row: RowMapping) -> None:
        """Publishes one proposal, or sets it back."""
        there = self._published_in(row["proposal_id"])
        if there:
            set_proposal(self.work, row["proposal_id"], state=State.PUBLISHED, release=there)
            return
        revision = newest_revision(self.work, row)
        try:
            # the reason is kept as a remark, which others read in their own language
            with speaking(ENGLISH):
                changed = with_changes(self.tables, revision.changes, self.today)
        except ChangeError as error:
            self._send_back(row, str(error))
            return
        release = self.release or next_release(self.tables, self.today)
        author = Person(row["author_id"], name_of(self.work, row["author_id"]))
        reviewer = Person(row["decided_by"], name_of(self.work, row["decided_by"]))
        logged = self._logged(changed, release, row, revision, author, reviewer)
        write_dataset(self.folder, logged)
        self.tables, self.release = logged, release
        if self.with_git:
            words = f"{revision.why}\n\nRelease: {release}\nProposal: {row['proposal_id']}"
            self._with_git(
                lambda: commit(
                    self.folder, f"Coverage data: {row['title']}", words, author, reviewer
                )
            )
        set_proposal(self.work, row["proposal_id"], state=State.PUBLISHED, release=release)
        add_remark(self.work, row, State.PUBLISHED, revision.number, f"Release {release}.")
        self.titles.append(row["title"])

    def _published_in(self, proposal_id: str) -> str:
        rows = rows_of(self.tables, ChangeRow)
        return next((row.release for row in rows if row.proposal_id == proposal_id), "")

    def _send_back(self, row: RowMapping, why: str) -> None:
        set_proposal(self.work, row["proposal_id"], state=State.ASKED)
        add_remark(self.work, row, State.ASKED, row["revision"], f"It does not fit any more: {why}")
        self.set_back.append((row["title"], why))

    def _logged(
        self,
        tables: Tables,
        release: str,
        row: RowMapping,
        revision: Revision,
        author: Person,
        reviewer: Person,
    ) -> Tables:
        number = sum(change.release == release for change in rows_of(tables, ChangeRow)) + 1
        line = ChangeRow(
            release=release,
            number=f"{number:03d}",
            change=row["title"],
            rows="; ".join(change.name for change in revision.changes),
            proposal_id=row["proposal_id"],
            proposed_by=author.name,
            # two people may have one name; the check compares names, git has the ids
            accepted_by=reviewer.name
            if reviewer.name != author.name
            else f"another {reviewer.name}",
        )
        return {**tables, ChangeRow.FILE: [*tables[ChangeRow.FILE], line]}

    def _with_git(self, deed: Callable[[], str]) -> None:
        """The dataset is published whether or not git can keep its history."""
        try:
            deed()
        except RepositoryError as error:
            self.with_git = False
            self.notes.append(say("Published, but without a commit: {error}", error=error))


def _accepted(work: Work) -> list[RowMapping]:
    query = (
        select(PROPOSAL)
        .where(PROPOSAL.c.state == State.ACCEPTED)
        .order_by(PROPOSAL.c.changed_at, PROPOSAL.c.proposal_id)
        .with_for_update()
    )
    return list(work.connection.execute(query).mappings())
