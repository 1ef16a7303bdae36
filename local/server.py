"""moto as a server on the loopback interface, in threads of this process. Its hooks: local.hooks."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Middleware = Callable[[Wsgi], Wsgi]

HOST = "127.0.0.1"


class PortTaken(RuntimeError):
    """The wanted port is in use."""

    def __init__(self, port: int, option: str) -> None:
        super().__init__(
            f"Port {port} on {HOST} is in use by another program. Choose another with {option} (0 = any free)."
        )
        self.port = port


def listening_socket(port: int, option: str) -> socket.socket:
    """A bound and listening socket. Raises PortTaken, naming the option that chooses another."""
    try:
        listener = socket.create_server((HOST, port), backlog=512)
    except OSError as fault:
        raise PortTaken(port, option) from fault
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class MotoServer:
    """Serves all AWS APIs at `http://localhost:<port>`. `middlewares` wrap the application, the first one outermost."""

    def __init__(self, port: int = 0, middlewares: Sequence[Middleware] = ()) -> None:
        self._wanted_port = port
        self._middlewares = tuple(middlewares)
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self.port = port

    @property
    def endpoint_url(self) -> str:
        # "localhost" and not the number: moto reads a bucket name out of template URLs with a number.
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Binds and serves. Raises PortTaken."""
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

        class Quiet(MotoRequestHandler):
            disable_nagle_algorithm = True
            # The log of requests halves the speed and tells a laptop's user nothing.

            def log(self, type: str, message: str, *args: Any) -> None:
                pass

            def log_request(self, code: Any = "-", size: Any = "-") -> None:
                pass

        listener = listening_socket(self._wanted_port, "--port")
        self.port = listener.getsockname()[1]
        os.environ["MOTO_PORT"] = str(self.port)  # moto's own code asks for it
        application: Any = DomainDispatcherApplication(create_backend_app)
        for middleware in reversed(self._middlewares):
            application = middleware(application)
        self._server = make_server(
            HOST, self.port, application, threaded=True, request_handler=Quiet, fd=listener.detach()
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="laptop-moto", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        if self._thread:
            self._thread.join(timeout=10)


def forget_everything() -> None:
    """Empties all of moto's backends: each start of the laptop begins with an empty cloud."""
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data

    BackendDict.reset()
    reset_model_data()
