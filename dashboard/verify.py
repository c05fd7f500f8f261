"""Check a signature: is a file a letter of this practice, just as it was signed?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from compound_coverage.casework.access import Actor
from compound_coverage.casework.office import Office
from compound_coverage.casework.pades import Certificate, SealCheck
from compound_coverage.casework.signing import Verification
from compound_coverage.language import say, to_say
from compound_coverage.letters.pages import LARGEST_FILE, PageError, pictures
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.office_parts import moment
from dashboard.parts import note, plain, show_picture

HELD = "verify-held"
DPI = 80
WHOLE = to_say("The file is unchanged since it was sealed.")
NOT_WHOLE = to_say("The file is not as it was when it was sealed.")


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
    st.title(say("Check a signature"))
    st.markdown(
        say(
            "Pick a signed letter. We tell you if this practice signed it here, and if anything in "
            "it was changed since. The file is not kept."
        )
    )
    upload = st.file_uploader(
        say("The letter, as a PDF"),
        type="pdf",
        key="verify-file",
        max_upload_size=LARGEST_FILE // 10**6,
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
    with st.spinner(say("Checking the file ...")):
        found = office.signing.verify(actor, pdf)
        try:
            first_page, fault = pictures(pdf, DPI, most=1)[0], ""
        except PageError as error:
            first_page, fault = b"", str(error)
    checked = Checked(digest, found, first_page, fault)
    st.session_state[HELD] = checked
    return checked


def _told(found: Verification) -> None:
    st.header(say("The answer"), divider="gray")
    told = plain(say(found.told))
    if found.as_signed:
        st.success(told)
    elif found.seal.found:
        st.error(told)
    else:
        st.warning(told)
    for problem in found.seal.problems:
        if problem not in found.told:
            st.markdown(f"- {plain(say(problem))}")
    if found.signed is not None and found.as_signed:
        signed = found.signed
        st.header(say("As this practice has it on record"), divider="gray")
        lines = [
            say("Signed by: {name}", name=plain(signed.name)),
            say("NPI: {npi}", npi=plain(signed.npi)),
            say("When: {time}", time=moment(signed.at)),
            say("What was said: {words}", words=plain(signed.intent)),
            say("Version of the letter: {version}", version=signed.version),
            say("Hash of the file (SHA-256): {digest}", digest=f"`{signed.document_digest}`"),
        ]
        st.markdown("\n".join(f"- {line}" for line in lines))
    if found.seal.found:
        _seal(found.seal)


def _seal(seal: SealCheck) -> None:
    st.header(say("What the seal in the file says"), divider="gray")
    sound = seal.intact and seal.whole
    lines = [say(WHOLE if sound else NOT_WHOLE)]
    if sound:
        lines += [
            say("Name: {name}", name=plain(seal.signer_name or say("none"))),
            say("NPI: {npi}", npi=plain(seal.npi or say("none"))),
        ]
    if sound and seal.at is not None:
        time = moment(seal.at.isoformat())
        lines.append(say("Time: {time}, by the clock of whoever sealed it", time=time))
    if seal.certificate is not None:
        lines.append(_certificate(seal.certificate, seal.trusted))
    st.markdown("\n".join(f"- {line}" for line in lines))
    note(
        say("A seal shows if a file was changed. Who sealed it is only as sure as its certificate.")
    )


def _certificate(certificate: Certificate, trusted: bool) -> str:
    subject = plain(certificate.subject)
    if certificate.trial:
        return say(
            "Certificate: {subject} (a trial certificate, it proves nothing about who signed)",
            subject=subject,
        )
    if trusted:
        return say("Certificate: {subject} (known to this practice)", subject=subject)
    return say("Certificate: {subject} (not known to this practice)", subject=subject)


def _first_page(checked: Checked) -> None:
    st.header(say("Its first page"), divider="gray")
    if checked.fault:
        st.markdown(plain(checked.fault))
        return
    show_picture(checked.first_page, say("The first page of the file that you picked"))


page()
