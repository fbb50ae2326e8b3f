"""The Lambda runtime API's stand-in, and a function that runs on it.

One selector loop in one thread, sockets read by hand: what is measured must wait for as little Python as can be.
"""

import contextlib
import os
import selectors
import signal
import socket
import time
import uuid

import cgroup

BASE = "/2018-06-01/runtime"

# A function that has not answered by then never will. A provider that hangs is waited for 22 seconds.
PATIENCE = 40


class FunctionError(Exception):
    """The function reported an error, ended, or did not answer."""


class Reported(FunctionError):
    """The function reported an error. It takes the next event."""


class _Connection:
    def __init__(self, sock):
        self.socket, self.buffer = sock, b""

    def request(self):
        """The next whole request, or None: method, path and body."""
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        if headers.get("expect", "").lower() == "100-continue" and not rest:
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, rest = _chunked(rest)
        else:
            length = int(headers.get("content-length", 0))
            body, rest = (rest[:length], rest[length:]) if len(rest) >= length else (None, rest)
        if body is None:
            return None
        self.buffer = rest
        method, path, _ = line.split(" ", 2)
        return method, path, body


def _chunked(data):
    body = b""
    while True:
        size, found, data = data.partition(b"\r\n")
        if not found:
            return None, data
        length = int(size.split(b";")[0], 16)
        if len(data) < length + 2:
            return None, data
        body, data = body + data[:length], data[length + 2:]
        if length == 0:
            return body, data


class Function:
    """A function's process, started when it is made. `invoke` hands it an event and returns what it answered. With a
    `share` it has that share of a processor. `now` tells the time that its clock has."""

    def __init__(self, command, environment, log, share=None, now=time.time):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._waiting = None
        self._answer = None
        self._event = None
        self._share = share
        self._now = now
        # When it asked for its first event, with how much processor time; when it was last handed one; when it answered.
        self.ready = self.init_cpu = self.handed = self.answered = None
        environment = environment | {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(share.memory if share else 128),
            "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        }
        self.log = log
        self.ended = None
        if share is None:
            self.started = time.perf_counter_ns()
            self._spawn(command, environment)
            self._before = 0
        else:
            self._start_in(share, command, environment)

    def _spawn(self, command, environment, *actions):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        out = [(os.POSIX_SPAWN_OPEN, 1, self.log, flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
        self.pid = os.posix_spawn(command[0], command, environment, file_actions=[*actions, *out])

    def _start_in(self, share, command, environment):
        """It joins the group first: how long that takes is not the function's."""
        theirs, ours = os.pipe()
        self._spawn(cgroup.joined(command, share), environment, (os.POSIX_SPAWN_DUP2, theirs, 0))
        os.close(theirs)
        deadline = time.monotonic() + PATIENCE
        while not (share.has(self.pid) and cgroup.waits(self.pid)):
            if time.monotonic() > deadline:
                raise FunctionError(f"it did not join its cgroup: see {self.log}")
            time.sleep(0.001)
        self._before = self._clock()
        self.started = time.perf_counter_ns()
        os.write(ours, b"\n")
        os.close(ours)

    def invoke(self, event, seconds=270):
        """The function's answer, and the nanoseconds from the event's sending (of the first event: from the spawn). It is
        told that it has so many seconds."""
        self._event, self._answer, self._seconds = event, None, seconds
        begun = self.started if self._waiting is None else time.perf_counter_ns()
        if self._waiting is not None:
            self._hand_over()
        self._turn(lambda: self._answer is not None)
        body, self.answered = self._answer
        # Until it asks for the next event it is still at work, and its clock runs.
        self._turn(lambda: self._waiting is not None)
        return body, self.answered - begun

    def cpu(self):
        """Nanoseconds of processor time of the whole process, its ended threads too, in user and system mode."""
        return self._clock() - self._before

    def _clock(self):
        # The clock of another process, as clock_getcpuclockid(3) builds its number.
        return time.clock_gettime_ns((~self.pid << 3) | 2)

    def peak_memory(self):
        """Bytes: the most that was resident."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            (line,) = (line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def stop(self):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            if self.ended is None:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.ended = True
        if self._share is not None:
            self._share.remove()
            self._share = None
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _turn(self, done):
        deadline = time.monotonic() + PATIENCE
        while not done():
            ready = self._selector.select(1)
            if not ready:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    self.ended = True
                    raise FunctionError(f"it ended: see {self.log}")
                if time.monotonic() > deadline:
                    raise FunctionError(f"no answer in {PATIENCE} s: see {self.log}")
            for key, _ in ready:
                if key.data is None:
                    sock, _ = self._listener.accept()
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._selector.register(sock, selectors.EVENT_READ, _Connection(sock))
                else:
                    self._read(key.data)

    def _read(self, connection):
        data = connection.socket.recv(1 << 20)
        arrived = time.perf_counter_ns()
        if not data:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            return
        connection.buffer += data
        while request := connection.request():
            method, path, body = request
            if method == "GET" and path == f"{BASE}/invocation/next":
                self._waiting = connection.socket
                if self.ready is None:
                    self.ready, self.init_cpu = arrived, self.cpu()
                    if self._share is not None:
                        self._share.limit()
                if self._event is not None:
                    self._hand_over()
            elif method == "POST" and path.endswith("/response"):
                self._answer = body, arrived
                _respond(connection.socket, 202, b"{}")
            else:
                _respond(connection.socket, 202, b"{}")
                raise Reported(f"{path}: {body.decode(errors='replace')[:2000]}")

    def _hand_over(self):
        event, self._event, waiting, self._waiting = self._event, None, self._waiting, None
        self.handed = time.perf_counter_ns()
        _respond(waiting, 200, event, (
            f"Lambda-Runtime-Aws-Request-Id: {uuid.uuid4()}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int((self._now() + self._seconds) * 1000)}\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:bench\r\n"
            "Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0\r\n"
        ))


def _respond(sock, status, body, headers=""):
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    sock.sendall(head.encode() + body)
