"""`notewright workbench`: the pages alone, on this machine, with nothing to configure."""

import socket
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from adapter import assembly, workbench
from adapter.api.admission import admission
from adapter.api.security.authenticator import Headers
from adapter.api.security.headers import SecureHeaders
from adapter.api.security.insecure import Insecure, check_start
from adapter.api.security.principal import Principal
from adapter.api.watching import logs
from adapter.api.watching.metrics import Metrics, Queue
from adapter.api.watching.requests import Requests
from adapter.cli.streams import say
from adapter.settings import Settings


def run(settings: Settings, *, open: bool) -> int:
    """Answers until it is told to stop."""
    check_start(None, settings.host, True)
    with _listening(settings) as listening, assembly.opened(settings, say) as pipeline:
        bench = workbench.Bench(
            admit=everybody(),
            version=assembly.software_version(),
            pipeline=pipeline,
            engine=settings.engine,
            fhir=pipeline.fhir,
        )
        undo = logs.configure(settings.log_level)
        try:
            address = f"http://{_where(listening)}{workbench.BASE}"
            say(f"the workbench is at {address}")
            if open:
                webbrowser.open(address)
            server(bench).run(sockets=[listening])
        finally:
            undo()
    return 0


def everybody() -> workbench.Admit:
    """Lets in everybody on this machine, and nobody else."""
    return people(admission(Insecure()))


def people(principal: Callable[[Headers, str, str, str], Principal]) -> workbench.Admit:
    """Those whom the service lets in, as the workbench knows them: with every role."""

    def admit(headers: workbench.Headers, method: str, path: str, client: str) -> workbench.Person:
        found = principal(headers, method, path, client)
        return workbench.Person(name=found.id, roles=workbench.ROLES)

    return admit


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
