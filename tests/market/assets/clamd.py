"""clamd for tests: a server that speaks its protocol with chosen answers, and the real one if installed."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.market.assets.archives import EICAR
from tests.waiting import until

VERSION = "ClamAV 1.4.6/27463/Wed Nov 25 09:26:42 2026"
CLAMD = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")


class FakeClamd:
    """``answer`` maps the stream to clamd's answer; None closes the connection without one."""

    def __init__(self, answer: Callable[[bytes], str | None] = lambda _stream: "OK", *, most: int = 2**30) -> None:
        self._answer, self._most = answer, most
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.streams: list[bytes] = []
        self.url = f"tcp://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self._listening.accept()
                with connection, suppress(OSError, struct.error):
                    self._serve_connection(connection)

    def _serve_connection(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        command = b""
        while not command.endswith(b"\0"):
            command += file.read(1)
        if command == b"zVERSION\0":
            connection.sendall(VERSION.encode() + b"\0")
            return
        assert command == b"zINSTREAM\0"
        stream = b""
        while size := struct.unpack(">I", file.read(4))[0]:
            stream += file.read(size)
            if len(stream) > self._most:
                connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.streams.append(stream)
        reply = self._answer(stream)
        if reply is not None:
            connection.sendall(f"stream: {reply}\0".encode())

    def close(self) -> None:
        self._listening.close()


@contextmanager
def fake_clamd(
    answer: Callable[[bytes], str | None] = lambda _stream: "OK", *, most: int = 2**30
) -> Iterator[FakeClamd]:
    server = FakeClamd(answer, most=most)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def real_clamd(folder: Path) -> Iterator[str]:
    """Debian's daemon with only the EICAR signature; yields its address."""
    assert CLAMD is not None
    signatures = folder / "signatures"
    signatures.mkdir()
    (signatures / "eicar.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
    at = folder / "clamd.sock"
    (folder / "clamd.conf").write_text(
        f"LocalSocket {at}\nDatabaseDirectory {signatures}\nForeground yes\nLogFile {folder}/clamd.log\n"
        f"PidFile {folder}/clamd.pid\nStreamMaxLength 20M\nMaxFileSize 10M\nMaxScanSize 40M\nTemporaryDirectory {folder}\n"
    )
    process = subprocess.Popen(
        [CLAMD, "--config-file", str(folder / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: at.exists() or process.poll() is not None)
        assert process.poll() is None, (folder / "clamd.log").read_text()
        yield f"unix://{at}"
    finally:
        process.terminate()
        process.wait(30)
