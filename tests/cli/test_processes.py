"""Programs run as one: restarted, given up, and stopped without leftovers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from tests.cli.command_line import migrated_market
from tests.cli.running import WITHIN, alive, family, wait_for
from tradepost.cli import processes
from tradepost.cli.processes import Processes, Program, pause_before_restart
from tradepost.cli.replacing import Replacing
from tradepost.cli.serve import FINISH_TIMEOUT, free_port
from tradepost.market.base.errors import Refused


@pytest.mark.parametrize(
    ("lives", "pause"),
    [
        ([60.0], 0.5),
        ([1.0], 0.5),
        ([1.0, 1.0], 1.0),
        ([1.0, 1.0, 1.0, 1.0], 4.0),
        ([1.0] * 5, None),
        ([1.0] * 4 + [5.0], 0.5),
        ([1.0] * 4 + [5.0, 1.0, 1.0], 1.0),
        ([9.0] + [1.0] * 5, None),
    ],
)
def test_restart_pause_doubles_until_five_quick_deaths(lives, pause):
    assert pause_before_restart(lives) == pause


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def pids(path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


# Writes the ids of itself and its child, then waits; the child would outlive it.
PARENT = """
import os, subprocess, sys, time, signal
if {deaf}: signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
with open({path!r}, "a") as f: f.write(f"{{os.getpid()}} {{child.pid}}\\n")
time.sleep(300)
"""


@pytest.mark.parametrize("deaf", [False, True])
def test_stop_ends_grandchildren_and_processes_that_ignore_signals(tmp_path, deaf):
    said: list[str] = []
    running = Processes(said.append)
    path = tmp_path / "pids"
    running.start(Program("parent", python(PARENT.format(deaf=deaf, path=str(path)))))
    wait_for(lambda: len(pids(path)) == 2)
    running.stop(within=0.5 if deaf else WITHIN)
    wait_for(lambda: not any(map(alive, pids(path))))
    assert said == (["The parent process did not end in time and was killed."] if deaf else [])


def test_wake_up_ends_the_wait(tmp_path):
    running, hurry, path = Processes(lambda _line: None), threading.Event(), tmp_path / "pids"
    running.start(Program("parent", python(PARENT.format(deaf=True, path=str(path)))))
    wait_for(lambda: len(pids(path)) == 2)
    hurry.set()
    running.stop(within=3600, hurry=hurry)  # without it the test would time out
    wait_for(lambda: not any(map(alive, pids(path))))


def test_dead_program_is_restarted(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "FIRST_PAUSE", 0.01)
    said: list[str] = []
    running, path = Processes(said.append), tmp_path / "pids"
    running.start(Program("parent", python(PARENT.format(deaf=False, path=str(path)))))
    wait_for(lambda: len(pids(path)) == 2)
    os.kill(pids(path)[0], 9)

    def second_is_up() -> bool:
        running.look()
        return len(pids(path)) == 4

    wait_for(second_is_up)
    assert said == ["The parent process was ended by SIGKILL; starting it again in 0.01 s."]
    assert not alive(pids(path)[1]), "the child of the one that died went with it"
    running.stop(within=WITHIN)
    wait_for(lambda: not any(map(alive, pids(path))))


def test_program_that_dies_at_once_is_given_up_with_its_last_output(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "FIRST_PAUSE", 0.01)
    running, log = Processes(lambda _line: None), tmp_path / "logs" / "bad.log"
    running.start(Program("bad", python("print('no such setting', flush=True); raise SystemExit(3)"), log=log))

    def look_for_ever() -> bool:
        running.look()
        return False

    with pytest.raises(Refused) as refused:
        wait_for(look_for_ever)
    assert refused.value.code == "cli.keeps_dying"
    first, *rest = refused.value.message.splitlines()
    assert first == (
        f"The bad process ended with code 3, 5 times in a row just after its start. Its log, {log}, ends with:"
    )
    assert rest == ["  no such setting"] * 5


def test_groups_end_in_their_order(tmp_path):
    path = tmp_path / "ends"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep({late}); open({path!r}, 'a').write({name!r} + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); open({ready!r}, 'w').close(); time.sleep(300)"
    )
    running = Processes(lambda _line: None)
    for name, wave, late in (("seller", 1, 0.0), ("worker", 0, 0.3)):
        ready = str(tmp_path / name)
        running.start(Program(name, python(code.format(late=late, path=str(path), name=name, ready=ready)), wave=wave))
    wait_for(lambda: (tmp_path / "seller").exists() and (tmp_path / "worker").exists())
    running.stop(within=WITHIN)
    assert path.read_text().split() == ["worker", "seller"]


def test_log_of_a_running_program_is_rotated(tmp_path, monkeypatch):
    """Issue 8, 9: the logs of a demo grew forever, because they were only rotated at its start."""
    monkeypatch.setattr(processes, "LOG_LIMIT", 1000)
    monkeypatch.setattr(processes, "ROTATION_INTERVAL", 0.0)
    log, go_on = tmp_path / "web.log", tmp_path / "go-on"
    code = (
        f"import os, sys, time\nprint('a' * 2000, flush=True)\n"
        f"while not os.path.exists({str(go_on)!r}): time.sleep(0.01)\n"
        "print('the end', flush=True)\ntime.sleep(300)"
    )
    running = Processes(lambda _line: None)
    try:
        running.start(Program("web", python(code), log=log))
        wait_for(lambda: log.stat().st_size > 1000)
        running.look()
        assert (log.stat().st_size, len((tmp_path / "web.log.1").read_text())) == (0, 2001)
        go_on.touch()
        wait_for(lambda: log.read_text() == "the end\n")
        running.look()
        assert log.read_text() == "the end\n"
    finally:
        running.stop(within=WITHIN)


# One iteration of a command's loop, with the signal at each line of the wait. ``raise_signal`` runs the handler there.
SIGNAL_ANYWHERE = """
import faulthandler, signal, sys, threading
from tradepost.cli.processes import signals

faulthandler.dump_traceback_later({within}, exit=True)

def look(at):
    lines = 0
    def trace(frame, event, _argument):
        nonlocal lines
        if frame.f_code.co_filename != threading.__file__:
            return None
        lines += event == "line"
        if event == "line" and lines == at:
            signal.raise_signal(signal.SIGTERM)
        return trace
    with signals() as (stop, hurry):
        sys.settrace(trace)
        stop.wait(0.001)
        sys.settrace(None)
        if lines >= at:
            stop.wait()
            assert not hurry.is_set()
            signal.raise_signal(signal.SIGINT)
            hurry.wait()
    return lines >= at

at = 1
while look(at):
    at += 1
print(at)
"""


def test_signal_is_handled_at_every_line_of_the_wait():
    """A handler runs in the middle of the main thread's work: one that takes a lock which that thread holds would wait
    forever."""
    ended = subprocess.run(
        python(SIGNAL_ANYWHERE.format(within=WITHIN)), capture_output=True, text=True, timeout=600, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 10, "the wait is more than a few lines"


@pytest.mark.slow
def test_web_server_stopped_while_its_worker_loads_stops_at_once(tmp_path):
    """A forked worker has its parent's handler, which only records the signal, until it has loaded."""
    web = migrated_market(tmp_path, "cli_stopping").start("serve", PORT=str(free_port()))
    try:
        wait_for(lambda: len(family(web.pid)) > 1)
        web.terminate()
        assert web.wait(FINISH_TIMEOUT / 2) == 0
    finally:
        web.kill()


def test_program_is_replaced_by_name_and_others_stay(tmp_path):
    said: list[str] = []
    running, path = Processes(said.append), tmp_path / "pids"
    write = f"import os, time; open({str(path)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(300)"
    try:
        running.start(Program("other", python("import time; time.sleep(300)")))
        running.start(Program("seller", python(write)))
        wait_for(lambda: len(pids(path)) == 1)
        replacing, told = Replacing(), threading.Event()
        threading.Thread(
            target=lambda: (
                told.set() if replacing.ask(Program("seller", python(write)), stopped=lambda: False) else None
            ),
            daemon=True,
        ).start()

        def served() -> bool:
            replacing.serve(running)
            return told.is_set()

        wait_for(served)
        wait_for(lambda: len(pids(path)) == 2)
        before, after = pids(path)
        wait_for(lambda: not alive(before))
        assert alive(after)
        running.look()
        assert said == []
    finally:
        running.stop(5.0)


def test_programs_are_not_waited_for_once_all_are_to_end():
    assert not Replacing().ask(Program("seller", python("")), stopped=lambda: True)
