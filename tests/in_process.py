"""What a child process does with a PDF, done in the process of the test, and sooner."""

import io
import subprocess
from types import SimpleNamespace

from compound_coverage.letters import pages


def look_here(monkeypatch):
    """Looks into PDFs in this process, as strictly, without the wait for one of its own.

    The request and the answer are the same bytes. That there is a child, and what it withstands,
    is shown in the letters' test_pages and in the casework's test_pades.
    """

    def here(command, **options):
        answers = io.BytesIO()
        pages.serve(io.BytesIO(options["input"]), answers)
        return subprocess.CompletedProcess(command, 0, answers.getvalue(), b"")

    stand_in = SimpleNamespace(run=here, TimeoutExpired=subprocess.TimeoutExpired)
    monkeypatch.setattr(pages, "subprocess", stand_in)
