"""`notewright workbench`: the pages alone, on this machine, with nothing to configure."""

import socket
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from adapter import assembly, workbench
from adapter.api import opening
from adapter.api.admission import Admitted, admission
from adapter.api.security.authenticator import Headers, presented
from adapter.api.security.headers import SecureHeaders
from adapter.api.security.insecure import Insecure, check_start
from adapter.api.security.principal import Principal
from adapter.api.security.signin import SignIn
from adapter.api.watching import logs
from adapter.api.watching.metrics import Metrics, Queue
from adapter.api.watching.requests import Requests
from adapter.cli.bench import furnished
from adapter.cli.streams import say
from adapter.release import software_version
from adapter.settings import Settings


def run(settings: Settings, *, open: bool) -> int:
    """Answers until it is told to stop."""
    check_start(None, settings.host, True)
    with (
        _listening(settings) as listening,
        assembly.opened_store(settings, say) as store,
        assembly.opened(settings, say, store) as pipeline,
    ):
        bench = workbench.Bench(
            admit=everybody(),
            version=software_version(),
            pipeline=pipeline,
            engine=settings.engine,
            fhir=pipeline.fhir,
            terminology=opening.terminologies(store, settings.files),
        )
        undo = logs.configure(settings.log_level)
        try:
            address = f"http://{_where(listening)}{workbench.BASE}"
            say(f"the workbench is at {address}")
            if open:
                webbrowser.open(address)
            with furnished(settings, bench, install=settings.mappings is not None) as whole:
                server(whole).run(sockets=[listening])
        finally:
            undo()
    return 0


def everybody() -> workbench.Admit:
    """Lets in everybody on this machine, and nobody else."""
    return people(admission(Insecure()))


def people(
    admission: Callable[[Headers, str, str, str], Admitted], sign_in: SignIn | None = None
) -> workbench.Admit:
    """Those whom the service lets in, as the workbench knows them: by key or token, else signed in."""

    def admit(headers: workbench.Headers, method: str, path: str, client: str) -> workbench.Person:
        if sign_in is not None and presented(headers) is None and (holder := sign_in.who(headers)):
            held = frozenset(role for role in workbench.ROLES if role in holder.roles)
            return workbench.Person(name=holder.name, roles=held, id=holder.id, signed_in=True)
        found, roles = admission(headers, method, path, client)
        return workbench.Person(name=_called(found), roles=roles, id=found.id)

    return admit


def _called(principal: Principal) -> str:
    """What a page calls who came without signing in."""
    return "local" if principal.kind == "insecure" else f"{principal.kind} {principal.id[:8]}"


def server(bench: workbench.Bench, port: int = 0) -> uvicorn.Server:
    """What serves the pages, not yet running; the port counts where it is given no socket."""
    pages = SecureHeaders(Starlette(routes=workbench.routes(bench)), tls=False)
    watched = Requests(pages, metrics=Metrics(documents=dict, queue=lambda: Queue(depth=0, age=0.0)))
    return uvicorn.Server(
        uvicorn.Config(
            watched,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )


def _listening(settings: Settings) -> socket.socket:
    """A socket of this machine alone; it answers once the server runs."""
    family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    return socket.create_server((str(address[0]), int(address[1])), family=family)


def _where(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
