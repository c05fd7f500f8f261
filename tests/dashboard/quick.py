"""What makes the tests of pages quicker and changes nothing in what they show."""

from functools import cache
from pathlib import Path

from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache

from compound_coverage.letters import documents, pages


def find_components_once():
    """Looks for components of Streamlit once; each page opened looks through all packages."""
    found = manifest_scanner.scan_component_manifests
    if not hasattr(found, "cache_info"):
        manifest_scanner.scan_component_manifests = cache(found)


_compiled = ScriptCache.get_bytecode


@cache
def _bytecode(path, changed):
    return _compiled(ScriptCache(), path)


def compile_pages_once():
    """Keeps a page compiled while its file stays as it is, as a running server does."""

    def kept(_, path):
        return _bytecode(path, Path(path).stat().st_mtime_ns)

    ScriptCache.get_bytecode = kept  # type: ignore[method-assign]


_to_pdf, _pictures = cache(documents.to_pdf), cache(pages.pictures)


def draw_letters_once(monkeypatch):
    """Makes the same letter, and pictures of the same PDF, once for all tests."""
    monkeypatch.setattr(documents, "to_pdf", _to_pdf)
    monkeypatch.setattr(pages, "pictures", _pictures)
