"""Check a signature: is a file a letter of this practice, just as it was signed?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from compound_coverage.casework.access import Actor
from compound_coverage.casework.office import Office
from compound_coverage.casework.pades import SealCheck
from compound_coverage.casework.signing import Verification
from compound_coverage.letters.pages import LARGEST_FILE, PageError, pictures
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.office_parts import moment
from dashboard.parts import note, plain, show_picture

HELD = "verify-held"
DPI = 80
WHOLE = "The file is unchanged since it was sealed."
NOT_WHOLE = "The file is not as it was when it was sealed."


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about one file, and a picture of its first page."""

    digest: str
    found: Verification
    first_page: bytes
    fault: str


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    st.title("Check a signature")
    st.markdown(
        "Pick a signed letter. We tell you if this practice signed it here, and if anything in it "
        "was changed since. The file is not kept."
    )
    upload = st.file_uploader(
        "The letter, as a PDF", type="pdf", key="verify-file", max_upload_size=LARGEST_FILE // 10**6
    )
    if upload is None:
        st.session_state.pop(HELD, None)
        return
    try:
        checked = _checked(office, actor, upload.getvalue())
    except ValueError as error:
        st.error(plain(str(error)))
        return
    _told(checked.found)
    _first_page(checked)


def _checked(office: Office, actor: Actor, pdf: bytes) -> Checked:
    """Looks into the file once for each upload. Raises Forbidden."""
    digest = hashlib.sha256(pdf).hexdigest()
    # a class of a page's own file is another one at each run: no isinstance
    held: Checked | None = st.session_state.get(HELD)
    if held is not None and held.digest == digest:
        return held
    with st.spinner("Checking the file ..."):
        found = office.signing.verify(actor, pdf)
        try:
            first_page, fault = pictures(pdf, DPI, most=1)[0], ""
        except PageError as error:
            first_page, fault = b"", str(error)
    checked = Checked(digest, found, first_page, fault)
    st.session_state[HELD] = checked
    return checked


def _told(found: Verification) -> None:
    st.header("The answer", divider="gray")
    if found.as_signed:
        st.success(plain(found.told))
    elif found.seal.found:
        st.error(plain(found.told))
    else:
        st.warning(plain(found.told))
    for problem in found.seal.problems:
        if problem not in found.told:
            st.markdown(f"- {plain(problem)}")
    if found.signed is not None and found.as_signed:
        signed = found.signed
        st.header("As this practice has it on record", divider="gray")
        lines = [
            f"Signed by: {plain(signed.name)}",
            f"NPI: {plain(signed.npi)}",
            f"When: {moment(signed.at)}",
            f"What was said: {plain(signed.intent)}",
            f"Version of the letter: {signed.version}",
            f"Hash of the file (SHA-256): `{signed.document_digest}`",
        ]
        st.markdown("\n".join(f"- {line}" for line in lines))
    if found.seal.found:
        _seal(found.seal)


def _seal(seal: SealCheck) -> None:
    st.header("What the seal in the file says", divider="gray")
    sound = seal.intact and seal.whole
    lines = [WHOLE if sound else NOT_WHOLE]
    if sound:
        lines += [
            f"Name: {plain(seal.signer_name or 'none')}",
            f"NPI: {plain(seal.npi or 'none')}",
        ]
    if sound and seal.at is not None:
        lines.append(f"Time: {moment(seal.at.isoformat())}, by the clock of whoever sealed it")
    if seal.certificate is not None:
        kind = "a trial certificate, it proves nothing about who signed"
        if not seal.certificate.trial:
            kind = "known to this practice" if seal.trusted else "not known to this practice"
        lines.append(f"Certificate: {plain(seal.certificate.subject)} ({kind})")
    st.markdown("\n".join(f"- {line}" for line in lines))
    note("A seal shows if a file was changed. Who sealed it is only as sure as its certificate.")


def _first_page(checked: Checked) -> None:
    st.header("Its first page", divider="gray")
    if checked.fault:
        st.markdown(plain(checked.fault))
        return
    show_picture(checked.first_page, "The first page of the file that you picked")


page()
