"""HTTP/1.1 of one connection: reads requests, lets the application answer, lets the wire send."""

import socketserver
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.delo_server.application import Application
from tests.delo_server.fault_kinds import Delay, Fault, Hang, Reject, Replace, Reset
from tests.delo_server.listener import Listener
from tests.delo_server.messages import Answer, Request
from tests.delo_server.wire import Ending, Wire


class DeloHandler(BaseHTTPRequestHandler):
    """Serves requests of one connection until one of the sides ends it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def __init__(
        self, application: Application, request: Any, client_address: Any, server: socketserver.BaseServer
    ) -> None:
        self.application = application
        super().__init__(request, client_address, server)

    def setup(self) -> None:
        self.application.traffic.connected()
        super().setup()

    def log_message(self, *_: Any) -> None:
        """Nothing: the traffic's log is there."""

    def _exchange(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError
        request = Request.received(self.command, self.path, dict(self.headers.items()), body)
        self.application.receive(request)
        fault = self.application.faults.take(request)
        self._end(self._respond(request, fault))

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_OPTIONS = _exchange  # noqa: N815 - http.server's names

    def _respond(self, request: Request, fault: Fault | None) -> Ending:
        closing = self.server.closing
        faults = self.application.faults
        if closing.wait(faults.delay_seconds + (fault.seconds if isinstance(fault, Delay) else 0)):
            return Ending.RESET
        executed = not isinstance(fault, Reset | Hang | Replace) or fault.execute
        reject = fault if isinstance(fault, Reject) else None
        answer = self.application.answer(request, reject) if executed else Answer(200, b"")
        if isinstance(fault, Reset):
            return Ending.RESET
        if isinstance(fault, Hang):
            faults.hang(closing)
            return Ending.CLOSE
        if isinstance(fault, Replace):
            answer = fault.answer()
        return Wire(self.wfile, self.application.traffic.sent, closing).deliver(answer, fault)

    def _end(self, ending: Ending) -> None:
        if ending is Ending.KEEP:
            return  # unless the client has asked for the end, which http.server has noted
        self.close_connection = True
        if ending is Ending.RESET_ON_NEXT and not self.rfile.read(1):
            return
        if ending is not Ending.CLOSE:
            self.server.reset_at_end(self.connection)
