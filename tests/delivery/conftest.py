"""What the tests of delivery share."""

import pytest
from fhir_server import running


@pytest.fixture(scope="session")
def fhir():
    """Makes a FHIR server of given manners, empty, on the loopback."""
    with running() as anew:
        yield anew
