"""What people call code systems, languages and relations, and where a concept has its page."""

from collections.abc import Mapping
from urllib.parse import urlencode

from adapter.workbench import drawing
from adapter.workbench.page import BASE
from terminology.fhir.service import NAMES
from terminology.systems import SHORT

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "nl": "Dutch",
    "es": "Spanish",
    "la": "Latin",
}
RELATIONS: Mapping[str, str] = {  # of the other concept to this one
    "equivalent": "the same",
    "broader": "broader than this",
    "narrower": "narrower than this",
    "mapped": "by a coding rule",
}


def system(uri: str) -> str:
    """The name people know a code system by."""
    known = drawing.system(uri)
    return known if known != uri else NAMES.get(uri, uri)


def uri(text: str) -> str:
    """The code system somebody means: a short name ("snomed") or the URI itself."""
    return SHORT.get(text.strip().lower(), text.strip())


def language(tag: str) -> str:
    """The name of a language."""
    return LANGUAGES.get(tag, tag)


def link(of: str, code: str) -> str:
    """The address of a concept's page."""
    return f"{BASE}/terminology/concept?{urlencode({'system': of, 'code': code})}"
