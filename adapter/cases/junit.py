"""Results -> JUnit XML, as continuous integration reads it (Jenkins, GitLab, GitHub, Azure).

There is no standard but what these programs take: testsuites > testsuite > testcase, with `failure` where a
Bundle differs and `error` where a case could not be run. https://github.com/testmoapp/junitxml
"""

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from adapter.cases.running import Result
from adapter.cases.telling import counted
from adapter.evaluation.bundle_differences import shown

SUITE: Final = "notewright"
MESSAGE: Final = 300  # characters; the whole of it is in the text
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document can hold, not even as a reference. https://www.w3.org/TR/xml/#charsets"""


def written(results: Sequence[Result], seconds: float) -> bytes:
    """The results as one test suite, in UTF-8."""
    counts = counted(results)
    numbers = {
        "name": SUITE,
        "tests": str(len(results)),
        "failures": str(counts["failed"]),
        "errors": str(counts["broken"]),
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }
    root = Element("testsuites", numbers)
    suite = SubElement(root, "testsuite", numbers)
    for one in results:
        _add(suite, one)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _add(suite: Element, one: Result) -> None:
    group, _, name = one.case.name.rpartition("/")
    where = ".".join(filter(None, (SUITE, *group.split("/"))))
    case = SubElement(
        suite, "testcase", {"classname": _plain(where), "name": _plain(name), "time": f"{one.seconds:.3f}"}
    )
    if one.case.head and one.case.head.tags:
        properties = SubElement(case, "properties")
        for tag in one.case.head.tags:
            SubElement(properties, "property", {"name": "tag", "value": _plain(tag)})
    if one.status != "passed":
        _say(case, one)


def _say(case: Element, one: Result) -> None:
    said = one.sentences
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    kind = "failure" if one.status == "failed" else "error"
    told = {"message": _plain(shown(said[0], MESSAGE) + more), "type": one.status}
    why = [f"why: {one.case.head.why}"] if one.case.head else []
    SubElement(case, kind, told).text = _plain("\n".join([*said, *why]))


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
