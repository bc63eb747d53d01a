"""A small FHIR server on the loopback, in memory, that can be told to be poor, forgetful or rude."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests import loopback


class Refusal(Exception):
    """What the server answers instead."""

    def __init__(self, status, code, words="", expression=None, details=None):
        super().__init__(words)
        issue = {"severity": "error", "code": code, "diagnostics": words}
        issue |= {"expression": [expression]} if expression else {}
        issue |= {"details": {"coding": [{"code": details}]}} if details else {}
        self.status = status
        self.body = {"resourceType": "OperationOutcome", "issue": [issue]}


@dataclass
class FhirServer:
    """The store and its manners."""

    conditional: bool = True  # knows conditional create and update
    transaction: bool = True
    states: bool = True  # says in its CapabilityStatement what it knows; else it has none
    claims: bool = False  # claims conditional interactions it then refuses
    heedless: bool = False  # takes ifNoneExist and creates all the same
    searches: bool = True  # by identifier and tag; else every search finds everything
    mute: bool = False  # does not say where it put what it created
    refuses: str | None = None  # a type it takes for invalid
    busy: str | None = None  # what it says in Retry-After of a 429 to everything
    drop_after: int | None = None  # writes after which the line is cut, once
    cut: bool = False  # the answer that is being written breaks off
    store: dict = field(default_factory=dict)  # (type, id) -> versions, the last one current
    requests: list = field(default_factory=list)
    url: str = ""

    # what tests look at

    def current(self, kind=None):
        return [versions[-1] for (one, _), versions in self.store.items() if kind in (None, one)]

    def unresolved(self):
        """References to resources of the kinds that we send which point at nothing here."""
        ours = {kind for kind, _ in self.store}
        known = {f"{kind}/{id}" for kind, id in self.store}
        found = [one for resource in self.current() for one in references(resource)]
        return [one for one in found if one.split("/")[0] in ours and one not in known] + [
            one for one in found if one.startswith("urn:")
        ]

    # what it does

    def wrote(self):
        if self.drop_after is None:
            return
        self.drop_after -= 1
        if self.drop_after <= 0:
            self.drop_after, self.cut = None, True

    def create(self, kind, resource):
        if kind == self.refuses:
            raise Refusal(
                422, "business-rule", "Erika Mustermann has Zoster", f"{kind}.code", "MSG_PARAM_INVALID"
            )
        id = f"{kind.lower()}-{sum(one == kind for one, _ in self.store) + 1}"
        return self.put(kind, id, resource)

    def put(self, kind, id, resource):
        versions = self.store.setdefault((kind, id), [])
        meta = {**resource.get("meta", {}), "versionId": str(len(versions) + 1)}
        versions.append({**resource, "id": id, "meta": meta})
        return id, str(len(versions))

    def search(self, kind, query):
        params = parse_qsl(query)
        found = self.current(kind)
        if not self.searches:
            return found
        return [one for one in found if all(matches(one, name, value) for name, value in params)]

    def only(self, kind, query):
        found = self.search(kind, query)
        if len(found) > 1:
            raise Refusal(412, "multiple-matches", "Matched several")
        return found[0]["id"] if found else None

    def transact(self, bundle):
        if not self.transaction:
            raise Refusal(400, "not-supported", "No transactions here")
        before = copy.deepcopy(self.store)
        try:
            return self.entries(bundle["entry"])
        except Refusal:
            self.store = before
            raise

    def entries(self, entries):
        addresses, plan = {}, []
        for entry in entries:
            kind, request = entry["resource"]["resourceType"], entry["request"]
            known, (path, _, query) = request.get("ifNoneExist"), request["url"].partition("?")
            if (known or query) and not self.conditional and not self.heedless:
                raise Refusal(412, "not-supported", "ifNoneExist is not known here")
            id = None if self.heedless else self.only(kind, known or query) if (known or query) else None
            id = path.partition("/")[2] or id
            plan.append((entry, id, query))
            if id is None:
                id, _ = self.create(kind, {})
                plan[-1] = (entry, id, "new")
            addresses[entry.get("fullUrl")] = f"{kind}/{id}"
        answers = [self.entry(*one, addresses) for one in plan]
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}

    def entry(self, entry, id, how, addresses):
        kind, method = entry["resource"]["resourceType"], entry["request"]["method"]
        resource = resolved(entry["resource"], addresses)
        status = "200 OK"
        if how == "new":
            self.store[kind, id] = []
            status = "201 Created"
        if how == "new" or method == "PUT":
            self.put(kind, id, resource)
        version = len(self.store[kind, id])
        return {"response": {"status": status, "location": f"{kind}/{id}/_history/{version}"}}

    def statement(self):
        says = self.conditional or self.claims
        kinds = ("Condition", "Observation", "Procedure", "MedicationStatement", "AllergyIntolerance")
        kinds += ("FamilyMemberHistory", "Device", "Provenance")
        able = (
            {"conditionalCreate": True, "conditionalUpdate": True} if says else {"conditionalCreate": False}
        )
        codes = ["search-system"] + (["transaction"] if self.transaction else [])
        side = {
            "mode": "server",
            "interaction": [{"code": code} for code in codes],
            "resource": [{"type": kind, **able} for kind in kinds],
        }
        return {"resourceType": "CapabilityStatement", "status": "active", "rest": [side]}


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for child in value.values():
            yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def resolved(value, addresses):
    if isinstance(value, dict):
        new = {key: resolved(child, addresses) for key, child in value.items()}
        if isinstance(value.get("reference"), str) and value["reference"] in addresses:
            new["reference"] = addresses[value["reference"]]
        return new
    return [resolved(child, addresses) for child in value] if isinstance(value, list) else value


def matches(resource, name, value):
    system, _, code = value.rpartition("|")
    if name == "identifier":
        return any((one["system"], one["value"]) == (system, code) for one in resource.get("identifier", []))
    if name == "_tag":
        tags = resource.get("meta", {}).get("tag", [])
        return any((one["system"], one["code"]) == (system, code) for one in tags)
    return name.startswith("_")


def application(server):
    app = FastAPI(openapi_url=None)

    @app.exception_handler(Refusal)
    async def refused(request, error):
        return JSONResponse(error.body, error.status)

    @app.get("/fhir/metadata")
    async def metadata():
        if not server.states:
            raise Refusal(404, "not-found")
        return server.statement()

    @app.post("/fhir")
    async def transaction(request: Request):
        done = server.transact(await request.json())
        server.wrote()
        return done

    @app.get("/fhir/{kind}")
    async def search(kind: str, request: Request):
        found = server.search(kind, request.url.query)
        listed = [{"resource": one, "search": {"mode": "match"}} for one in found]
        return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": listed}

    @app.post("/fhir/{kind}")
    async def create(kind: str, request: Request):
        id, version = server.create(kind, await request.json())
        server.wrote()
        location = {} if server.mute else {"Location": f"{server.url}/{kind}/{id}/_history/{version}"}
        return Response(status_code=201, headers=location)

    @app.put("/fhir/{kind}/{id}")
    async def update(kind: str, id: str, request: Request):
        _, version = server.put(kind, id, await request.json())
        server.wrote()
        return Response(headers={"Location": f"{server.url}/{kind}/{id}/_history/{version}"})

    async def cutting(scope, receive, send):
        """The line is cut when the server was told so: an answer is begun and never ended."""
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        server.requests.append((scope["method"], scope["path"]))
        if server.busy:
            answer = Response(status_code=429, headers={"Retry-After": server.busy})
            await answer(scope, receive, send)
            return

        async def broken(message):
            if not server.cut:
                await send(message)
            elif message["type"] == "http.response.start":
                await send({**message, "headers": [(b"content-length", b"100")]})

        await app(scope, receive, broken)
        server.cut = False

    return cutting


@contextmanager
def running() -> Iterator[Callable[..., FhirServer]]:
    """A running server; what is given makes a new one of other manners in its place."""
    holder = FhirServer()
    config = uvicorn.Config(
        application(holder), host="127.0.0.1", port=0, log_config=None, ws="none", lifespan="off"
    )
    with loopback.running(uvicorn.Server(config)) as origin:

        def anew(**manners):
            vars(holder).update(vars(FhirServer(**manners, url=f"{origin}/fhir")))
            return holder

        yield anew
