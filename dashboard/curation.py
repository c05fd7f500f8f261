"""What the pages of those who keep the dataset share."""

from __future__ import annotations

import streamlit as st

from compound_coverage.curation.leads import Leads
from compound_coverage.curation.proposals import Proposals
from compound_coverage.curation.publishing import Publisher
from dashboard.identity import office
from dashboard.parts import dataset_folder


@st.cache_resource(max_entries=1, show_spinner=False)
def proposals() -> Proposals:
    """The proposals to the dataset of this server, made once. Raises StoreError, KeyRingError."""
    return Proposals(office().desk, dataset_folder)


@st.cache_resource(max_entries=1, show_spinner=False)
def publisher() -> Publisher:
    """What publishes into the dataset of this server. Raises StoreError, KeyRingError."""
    return Publisher(office().desk, dataset_folder)


@st.cache_resource(max_entries=1, show_spinner=False)
def leads() -> Leads:
    """What people report to this server, made once. Raises StoreError, KeyRingError."""
    return Leads(office().desk)
