"""A whole workbench in which everything that can be written by somebody is written by somebody hostile.

Every text tries to make an element with the attribute `pwned`, or to set `pwned` on the window.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

import terminology
from adapter import workbench
from adapter.api.app import application
from adapter.api.service import Service
from adapter.cli import serve
from adapter.cli.bench import furnished
from adapter.drafts import Drawer
from adapter.settings import Settings
from adapter.workbench.draftbook import DraftBook
from tests import loopback
from tests.api import served
from tests.conftest import ROOT

TEXTS = (
    "<script pwned>pwned=1</script>",
    "<script pwned src=//evil.example/x.js></script>",
    "<scr<script pwned>ipt>pwned=1</scr</script>ipt>",
    "<ScRiPt pwned>pwned=1</sCrIpT>",
    "<img pwned src=x onerror=pwned=1>",
    '<img pwned src="//evil.example/x.png">',
    "<svg pwned onload=pwned=1>",
    "<svg pwned><script>pwned=1</script></svg>",
    "<svg pwned><a xlink:href='javascript:pwned=1'><text>x</text></a></svg>",
    "<svg><animate pwned onbegin=pwned=1 attributeName=x dur=1s>",
    '"><script pwned>pwned=1</script>',
    "'><script pwned>pwned=1</script>",
    '" onmouseover="pwned=1" pwned="',
    "' onfocus='pwned=1' autofocus pwned='",
    "` onload=pwned=1 pwned=`",
    "/><b pwned/x=",
    "</textarea><script pwned>pwned=1</script>",
    "</title><script pwned>pwned=1</script>",
    "</style><script pwned>pwned=1</script>",
    "</script><script pwned>pwned=1</script>",
    "</select></option><img pwned src onerror=pwned=1>",
    "</pre></code><b pwned>x</b>",
    "<!--<img pwned src=x onerror=pwned=1>-->",
    "--><b pwned>x</b><!--",
    "--!><b pwned>x</b>",
    "<![CDATA[<b pwned>x</b>]]>",
    "]]><b pwned>x</b>",
    "<?xml version='1.0'?><b pwned/>",
    "<iframe pwned srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<iframe pwned src=javascript:parent.pwned=1></iframe>",
    "<a pwned href=javascript:pwned=1>x</a>",
    "<a pwned href='java\tscript:pwned=1'>x</a>",
    "javascript:pwned=1",
    "data:text/html,<script>pwned=1</script>",
    "<math><mtext><table><mglyph><style><!--</style><img pwned src onerror=pwned=1>",
    "<form><math><mtext></form><form><mglyph><svg><style><path id=</style><img pwned src onerror=pwned=1>",
    "<noscript><p title='</noscript><img pwned src=x onerror=pwned=1>'>",
    "<template><b pwned>x</b></template>",
    "<base pwned href=//evil.example/>",
    "<meta pwned http-equiv=refresh content='0;url=//evil.example'>",
    "<link pwned rel=stylesheet href=//evil.example/x.css>",
    "<style pwned>*{background:url(//evil.example/x)}</style>",
    "<div pwned style='background:url(//evil.example/x)'>",
    "<form pwned action=//evil.example><button>x</button></form>",
    "<input pwned autofocus onfocus=pwned=1>",
    "<details pwned open ontoggle=pwned=1>",
    "<object pwned data=//evil.example></object><embed pwned src=//evil.example>",
    "<video pwned><source onerror=pwned=1></video>",
    "<x pwned contenteditable onbeforeinput=pwned=1>",
    "{{7*7}}{{constructor.constructor('pwned=1')()}}",
    "{% for x in ().__class__.__mro__ %}{{x}}{% endfor %}",
    "${pwned=1}#{pwned=1}<%=pwned=1%>",
    "&lt;b pwned&gt;&#60;b pwned&#62;&quot; pwned=&quot;",
    "\\u003cb pwned\\u003e\\x3cb pwned\\x3e",
    "%3Cb%20pwned%3E",
    "＜b pwned＞",
    "<b\0 pwned>x</b\0>",
    "\u202e<b pwned>x</b>\u2066",
    "\u2028pwned=1\u2029<b pwned>x</b>",
    "\ufeff<b pwned>x</b>\u200b\u00ad",
    "+ADw-b pwned+AD4-",
    "\";pwned=1;//';pwned=1;//",
    '{"a":"</script><b pwned>"}',
    "x" * 400 + "<b pwned>",
    "Z̷̢̛͔̗̓͠a̴" * 20 + "<b pwned>",
)  # fmt: skip

LINES = [text for text in TEXTS if not set(text) & set("\t\0\u2028\u2029")]
"""Those that a table or a name can hold."""

NAMED = [text for text in LINES if "/" not in text and len(text.encode()) < 200]
"""Those that can name a file."""

WORDS = [
    f"zorb{a}{b} disease" for a in ("al", "en", "ir", "or", "ut", "ys", "om", "ek", "ib") for b in "bdfgklmp"
]
"""A word of a note for each of them."""


DRAFTED = "sections/en.toml"
SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"  # one that conditions are coded in


@dataclass(frozen=True, kw_only=True)
class Site:
    """What is open."""

    origin: str
    service: Service
    documents: tuple[str, ...]  # ids


@contextmanager
def opened(folder: Path, **changes: Any) -> Iterator[Site]:
    """The workbench at a loopback port, with everything in it; `changes` are of its Bench."""
    settings = Settings(
        terminology=_store(folder),
        threads=2,
        language="en",
        database=f"sqlite:///{folder}/ledger.sqlite",
        insecure_local=True,
        tasks=_tasks(folder / "tasks"),
        cases=_cases(folder / "cases"),
        reports=_reports(folder / "reports"),
        mappings=_mappings(folder / "mappings"),
    )
    from adapter.api import opening

    with opening.service(settings, served.quick()) as service:
        drafts = DraftBook(Drawer(folder / "drafts"))
        plain = replace(serve.bench(settings, service), drafts=drafts)
        with furnished(settings, plain) as whole:
            bench = replace(whole, models=lambda: [_model(text) for text in LINES], **changes)
            app = application(service, more=workbench.routes(bench))
            with loopback.running(uvicorn.Server(_config(app))) as origin:
                _drafted(origin)
                yield Site(origin=origin, service=service, documents=tuple(_posted(origin, service)))


def note() -> str:
    """A note with every text and every word."""
    pairs = zip(WORDS, TEXTS, strict=False)
    lines = [f"Assessment: {word}. She has {text} asthma." for word, text in pairs]
    return "\n".join(["History: hypertension.", *lines, "Denies zygfever <b pwned>."])


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
    )


def _store(folder: Path) -> Path:
    rows = ["system\tcode\tdisplay\tkind"]
    for word, text in zip(WORDS, LINES, strict=False):
        rows += [f"{SYSTEM}\t{text}\t{one}\tcondition" for one in (text, word)]
    (folder / "hostile.tsv").write_text("\n".join(rows) + "\n", "utf-8")
    sources = [terminology.parse_source(one) for one in ("core", f"tsv={folder}/hostile.tsv")]
    terminology.build(sources, folder / "store.sqlite")
    return folder / "store.sqlite"


def _tasks(folder: Path) -> Path:
    (folder / "hostile").mkdir(parents=True)
    told = " ".join(LINES)
    rules = [f"rules = {json.dumps(LINES)}", "shots = 1", 'languages = ["en"]', 'strategy = "plain"']
    head = {"name": "hostile", "version": "1", "title": told, "instruction": told}
    lines = [f"{key} = {json.dumps(value)}" for key, value in head.items()]
    (folder / "hostile" / "task.toml").write_text("\n".join([*lines, *rules[:1]]), "utf-8")
    fields = {f"field{number}": {"type": "string", "description": text} for number, text in enumerate(LINES)}
    fields["choice"] = {"enum": LINES, "description": told}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": list(fields),
        "properties": fields,
    }
    (folder / "hostile" / "answer.schema.json").write_text(json.dumps(schema))
    return folder


def _cases(folder: Path) -> Path:
    case = folder / "hostile"
    shutil.copytree(ROOT / "fixtures" / "cases" / "en-suspected", case)
    why = " ".join(LINES)[:1900]
    (case / "case.toml").write_text(f'why = {json.dumps(why)}\ntags = ["x"]\nfhir = "r4"\nlanguage = "en"\n')
    (case / "note.txt").write_text(note(), "utf-8")
    expected = json.loads((case / "expected.json").read_text())
    for number, text in enumerate(LINES):
        concept = {
            "text": text,
            "coding": [{"system": f"urn:x:{number}", "code": f"c{number}", "display": text}],
        }
        expected["entry"].append(
            {"resource": {"resourceType": "Observation", "status": "final", "code": concept}}
        )
    (case / "expected.json").write_text(json.dumps(expected))
    broken = folder / "broken"
    broken.mkdir()
    (broken / "case.toml").write_text(f"{json.dumps(LINES[0])} = 1\n")
    return folder


def _reports(folder: Path) -> Path:
    folder.mkdir()
    figures = {text: {"value": 0.5, "low": 0.4, "high": 0.6} for text in LINES}
    for name in NAMED:
        (folder / f"{name}.json").write_text(json.dumps({"documents": 3, "figures": figures}))
    page = "<!doctype html><title>x</title><p>" + " ".join(TEXTS)
    (folder / "page.html").write_text(page, "utf-8")
    return folder


def _mappings(folder: Path) -> Path:
    (folder / "context").mkdir(parents=True)
    text = (ROOT / "mappings" / "context" / "en.toml").read_text("utf-8")
    rule = {"id": " ".join(LINES)[:2000], "axis": "negated", "phrases": ["zygdenies"]}
    lines = [f"{key} = {json.dumps(value)}" for key, value in rule.items()]
    (folder / "context" / "en.toml").write_text("\n".join([text, "[[rule]]", *lines, ""]), "utf-8")
    return folder


def _drafted(origin: str) -> None:
    """A draft of a rule file whose keys and values are hostile."""
    headers = {"Sec-Fetch-Site": "same-origin", "X-Test-Roles": "administrator"}
    rules = "\n".join(f"{json.dumps(text)} = {json.dumps(text)}" for text in LINES)
    with httpx.Client(base_url=f"{origin}/workbench/lab", headers=headers, timeout=300) as client:
        begun = client.post("/begin", data={"name": "hostile", "file": DRAFTED})
        kept = client.post(f"/edit/hostile/{DRAFTED}", data={"rules": rules})
        assert (begun.status_code, kept.status_code) == (303, 303), (begun.text, kept.text)


def _model(text: str) -> workbench.Installed:
    return workbench.Installed(
        name=text,
        file=text,
        kind="encoder",
        version=text,
        architecture=text,
        parameters=1,
        quantization=text,
        bytes=1,
        licence=text,
        sha256="0" * 64,
        context=1,
        finds=(text,),
        source=text,
        card=f"| languages | {text} |",
    )


def _posted(origin: str, service: Service) -> Iterator[str]:
    """Documents whose every element is hostile, worked on."""
    told = " ".join(LINES)
    document = served.document(
        note(),
        patient="hostile",
        identifier=[{"system": "urn:x", "value": text[:200]} for text in LINES[:8]],
        description=told,
        type={"text": told, "coding": [{"system": "urn:x", "code": "x", "display": told}]},
        author=[{"display": text} for text in LINES],
        custodian={"display": told},
    )
    document["content"][0]["attachment"]["title"] = told
    refused = served.document("x") | {
        "content": [{"attachment": {"contentType": "application/pdf", "data": "eA=="}}]
    }
    with httpx.Client(base_url=origin, timeout=300) as client:
        for one in (document, refused | {"description": told}):
            answer = client.post("/fhir/DocumentReference", json=one)
            assert answer.status_code == 201, answer.text
            yield answer.json()["id"]

    def done() -> bool:
        from adapter.ledger import work

        with service.database.reading() as tx:
            return work.counts(tx).get(work.ACCEPTED, 0) == 0

    served.wait_until(done, 300)
