"""The packet: everything for the plan in one PDF, made on the click and kept nowhere."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.language import say, say_many, spoken
from compound_coverage.letters.assemble import draft_for
from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.packet import (
    COVER,
    LARGEST_PACKET,
    MOST_FILES,
    MOST_PAGES,
    Attachment,
    Packet,
    make_packet,
)
from compound_coverage.letters.pages import LARGEST_FILE
from compound_coverage.letters.render import Draft, letter_types
from dashboard.downloads import offer
from dashboard.parts import SCANS, drug_lists, note, plain

EVIDENCE = "evidence_list"
# what marks the title of a copy to read
_COPY = re.compile(r" \([^()]*\)$")


def title_of(title: str) -> str:
    """What a letter or form is called on a page, whichever language it is then made in."""
    return _COPY.sub("", title)


def packet_section(dataset: Dataset, case: CaseFile, draft: Draft, text: str) -> None:
    """Asks what goes with the letter and offers the whole as one PDF, with the letter for Word."""
    st.header(say("5. The packet"), divider="gray")
    st.markdown(
        say("One PDF to fax or upload: cover sheet, letter, forms and proof, pages numbered.")
    )
    forms = {
        kind.letter_type: title_of(kind.title)
        for kind in letter_types(spoken())
        if kind.kind == "form"
    }
    chosen = st.multiselect(
        say("Forms to put in"), list(forms), format_func=forms.__getitem__, key="packet-forms"
    )
    cover = st.checkbox(say("A cover sheet first"), value=True, key="packet-cover")
    evidence = st.checkbox(say("The list of studies"), value=True, key="packet-evidence")
    uploads = st.file_uploader(
        say("Papers that prove the facts"),
        type=SCANS,
        accept_multiple_files=True,
        key="packet-files",
        max_upload_size=25,
    )
    limits = say(
        "Up to {files} attachments with {pages} pages in all, each file up to {file_size} MB, the "
        "whole packet up to {packet_size} MB.",
        files=MOST_FILES,
        pages=MOST_PAGES,
        file_size=LARGEST_FILE // 1_000_000,
        packet_size=LARGEST_PACKET // 1_000_000,
    )
    note(f"{plain(limits)} {say('Send only what the plan needs to decide.')}")
    others = [*chosen, *([EVIDENCE] if evidence else [])]
    if st.button(say("Make the packet"), key="make-packet"):
        attachments = [Attachment(upload.name, upload.getvalue()) for upload in uploads]
        try:
            with st.spinner(say("Putting the packet together ...")), drug_lists() as lists:
                drafts = {
                    name: draft_for(case, dataset, name, "en", date.today(), lists)
                    for name in [COVER, *others]
                }
                packet = make_packet(
                    draft,
                    text,
                    drafts[COVER] if cover else None,
                    [drafts[name] for name in others],
                    attachments,
                )
        except ValueError as error:
            st.error(plain(str(error)))
            return
        st.session_state["packet"] = packet
    made = st.session_state.get("packet")
    if isinstance(made, Packet):
        _offer(made)


def _offer(packet: Packet) -> None:
    size = len(packet.pdf) / 1_000_000
    st.success(
        say_many(
            "The packet is ready: 1 page, {size} MB.",
            "The packet is ready: {count} pages, {size} MB.",
            packet.pages,
            size=f"{size:.1f}",
        )
    )
    for warning in packet.warnings:
        st.warning(plain(warning))
    offer(say("Download the packet"), lambda: _zipped(packet), "packet.zip", "application/zip")
    note(say("The file holds packet.pdf and the letter for Word."))


def _zipped(packet: Packet) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("packet.pdf", packet.pdf)
        archive.writestr("letter.docx", packet.docx)
    return held.getvalue()
