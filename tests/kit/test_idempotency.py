"""One instance per order, with any number of parallel requests and crashes in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event, Lock
from types import SimpleNamespace

from tests import waiting
from tests.kit import wire
from tests.kit.wire import APP, KEY, NOW, ask, rejected
from tradepost.kit import Create, Created, Instance, Release, Seller
from tradepost.kit.executor import create_key
from tradepost.protocols.commands import Done

ROOT = Path(__file__).parents[2]
PARALLEL = 50

# The program of a second process: a barrier of files, then repeats on threads, then the ids of the answers.
ASK_IN_PARALLEL = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tests.kit import wire
from tradepost.kit import Created, Seller, Create

folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seller = Seller(store=folder / "seller.db", key=wire.KEY)

@seller.on(Create)
def create(command):
    with open(folder / "made", "a") as made:
        made.write(command.business_id + "\\n")
    time.sleep(0.05)
    return Created(app=wire.APP)

(folder / f"ready-{name}").touch()
while not (folder / "go").exists():
    time.sleep(0.001)
with ThreadPoolExecutor(count) as threads:
    outcomes = list(threads.map(lambda _: wire.ask(seller, wire.create("CS1")), range(count)))
print("\\n".join(outcome.instance_id for outcome in outcomes))
"""

# The program of a process that gets killed: it never returns from on_create.
HANG_IN_CREATE = """
import sys, time
from pathlib import Path
from tests.kit import wire
from tradepost.kit import Seller, Create

folder = Path(sys.argv[1])
seller = Seller(store=folder / "seller.db", key=wire.KEY)

@seller.on(Create)
def create(command):
    (folder / "inside").touch()
    time.sleep(600)

wire.ask(seller, wire.create("CS1", business_id="first"))
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    pause = Event()
    while not path.exists():
        assert process.poll() is None, "the process ended early"
        pause.wait(0.005)


def seller_at(folder: Path, **options: timedelta) -> Seller:
    return Seller(store=folder / "seller.db", key=KEY, **options)  # type: ignore[arg-type]  # only times are passed


def test_fifty_parallel_creates_on_threads_make_one_instance(tmp_path):
    """saas-v2 §3.1: same orderId + orderLineId gives the same instanceId and no new instance."""
    seller = seller_at(tmp_path)
    made: list[str] = []
    everybody_is_here, inside = Barrier(PARALLEL), Event()

    @seller.on(Create)
    def create(command: Create) -> Created:
        made.append(command.business_id)
        inside.wait(0.2)
        return Created(app=APP)

    def one(_: int) -> object:
        command = wire.create()
        everybody_is_here.wait(waiting.TIMEOUT)
        return ask(seller, command)

    with ThreadPoolExecutor(PARALLEL) as threads:
        outcomes = set(threads.map(one, range(PARALLEL)))
    assert len(made) == 1
    assert outcomes == {Done(instance_id=made[0])}


def test_fifty_parallel_creates_in_two_processes_make_one_instance(tmp_path):
    """saas-v2 §3.1, across processes that share the file."""
    processes = [start(ASK_IN_PARALLEL, str(tmp_path), name, str(PARALLEL // 2)) for name in ("a", "b")]
    for name, process in zip(("a", "b"), processes, strict=True):
        wait_for(tmp_path / f"ready-{name}", process)
    (tmp_path / "go").touch()
    answered = [process.communicate(timeout=600)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    made = (tmp_path / "made").read_text().split()
    assert len(made) == 1
    assert answered == [made * (PARALLEL // 2)] * 2


def test_parallel_releases_release_once(tmp_path):
    """saas-v2 §3.5."""
    seller = seller_at(tmp_path)
    seller.on(Create)(lambda command: Created(app=APP))
    released: list[str] = []
    busy = Event()

    @seller.on(Release)
    def release(command: Release, instance: Instance) -> None:
        released.append(instance.instance_id)
        busy.wait(0.1)

    ask(seller, wire.create(business_id="b1"))
    with ThreadPoolExecutor(8) as threads:
        outcomes = set(threads.map(lambda _: ask(seller, wire.release("b1")), range(8)))
    assert outcomes == {Done()}
    assert released == ["b1"]


def test_other_order_does_not_wait(tmp_path):
    seller = seller_at(tmp_path)
    inside, leave = Event(), Event()

    @seller.on(Create)
    def create(command: Create) -> Created:
        if command.order_id == "slow":
            inside.set()
            assert leave.wait(20)
        return Created(app=APP)

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(ask, seller, wire.create("slow", business_id="s"))
        assert inside.wait(20)
        assert ask(seller, wire.create("quick", business_id="q")) == Done(instance_id="q")
        leave.set()
        assert slow.result(waiting.TIMEOUT) == Done(instance_id="s")


def test_repeat_that_waited_too_long_is_told_to_retry(tmp_path):
    """saas-v2 §3.0: the seller must answer within 5 s; 000005 makes the market try again."""
    seller = seller_at(tmp_path, patience=timedelta(milliseconds=20))
    inside, leave = Event(), Event()

    @seller.on(Create)
    def create(command: Create) -> Created:
        inside.set()
        assert leave.wait(20)
        return Created(app=APP)

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask, seller, wire.create(business_id="b1"))
        assert inside.wait(20)
        code, message = rejected(seller, wire.create(business_id="b2"))
        leave.set()
        assert first.result(waiting.TIMEOUT) == Done(instance_id="b1")
    assert code == "000005"
    assert "still being worked on" in message
    assert ask(seller, wire.create(business_id="b3")) == Done(instance_id="b1")


def test_kill_during_a_create_leaves_no_claim(tmp_path):
    """The lease of a dead process expires. The repeat gets the first business id and creates the only instance."""
    process = start(HANG_IN_CREATE, str(tmp_path))
    wait_for(tmp_path / "inside", process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=600)

    tries: list[str] = []
    seller = seller_at(tmp_path, lease=timedelta(seconds=60), patience=timedelta())

    @seller.on(Create)
    def create(command: Create) -> Created:
        tries.append(command.business_id)
        return Created(app=APP)

    assert rejected(seller, wire.create(), now=NOW + timedelta(seconds=59))[0] == "000005"
    assert tries == []
    assert ask(seller, wire.create(), now=NOW + timedelta(seconds=60)) == Done(instance_id="first")
    assert ask(seller, wire.create(), now=NOW + timedelta(seconds=61)) == Done(instance_id="first")
    assert tries == ["first"]


def test_handler_that_outlives_its_lease_returns_the_other_s_result(tmp_path, caplog):
    seller = seller_at(tmp_path, lease=timedelta(seconds=10), patience=timedelta())
    inside, leave = Event(), Event()
    first_try = Lock()

    @seller.on(Create)
    def create(command: Create) -> Created:
        if first_try.acquire(blocking=False):
            inside.set()
            assert leave.wait(20)
            return Created(app=APP, instance_id="late")
        return Created(app=APP, instance_id="in-time")

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(ask, seller, wire.create())
        assert inside.wait(20)
        assert ask(seller, wire.create(), now=NOW + timedelta(seconds=11)) == Done(instance_id="in-time")
        leave.set()
        assert slow.result(waiting.TIMEOUT) == Done(instance_id="in-time")
    assert "longer than its lease" in caplog.text
    assert seller.store.find("late") is None


def test_timeout_is_measured_and_not_summed_from_pauses(tmp_path, monkeypatch):
    """saas-v2 §3.0: the seller must answer within 5 s; a slow store counts as well."""
    seller = seller_at(tmp_path, patience=timedelta(seconds=4))
    store = seller.store
    asked: list[float] = []
    clock = iter(range(100))
    monkeypatch.setattr(
        "tradepost.kit.idempotency.time", SimpleNamespace(monotonic=lambda: next(clock), sleep=asked.append)
    )
    create = wire.create(business_id="b1")
    key = create_key(create)
    store.claim(key, owner="somebody", first_id="b0", now=NOW, until=NOW + timedelta(minutes=1))
    seller.on(Create)(lambda command: Created(app=APP))
    assert rejected(seller, create)[0] == "000005"
    # Each attempt took one of the four seconds, whatever its pause was.
    assert len(asked) == 4
