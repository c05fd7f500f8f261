"""What makes the tests of pages quicker and changes nothing in what they show."""

from functools import cache

from streamlit.components.v2 import manifest_scanner


def find_components_once():
    """Looks for components of Streamlit once; each page opened looks through all packages."""
    found = manifest_scanner.scan_component_manifests
    if not hasattr(found, "cache_info"):
        manifest_scanner.scan_component_manifests = cache(found)
