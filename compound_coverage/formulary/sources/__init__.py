"""One module per publisher's format. See ``importer.Source`` for their common shape."""

from compound_coverage.formulary.importer import Source
from compound_coverage.formulary.sources.fhir import Fhir
from compound_coverage.formulary.sources.marketplace import Marketplace
from compound_coverage.formulary.sources.ndc_directory import NdcDirectory
from compound_coverage.formulary.sources.part_d import PartD

NAMES = ("part-d", "marketplace", "fhir", "ndc")


def sources(name: str = "") -> list[Source]:
    """The source of that name, or all of them, the most telling format first."""
    every: list[Source] = [PartD(), NdcDirectory(), Fhir(), Marketplace()]
    return [source for source in every if not name or source.name == name]
