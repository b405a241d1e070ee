"""What the parts with real processes share: texts of their own, a house of processes as `bin/run` starts them, memory."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from cxms.env import ports, processes
from cxms.env.run import ROOT, Options, children
from cxms.env.supervisor import Child

WHO = ("收银的", "门口的店员", "电话里的客服", "送货的师傅", "楼上的导购", "修空调的", "那位店长", "负责退款的人")
WHEN = ("昨天下午", "上周六", "今天一早", "下班以后", "国庆那天", "第二次来的时候", "等了半个月之后", "晚上九点多")
# nine of ten speak of what is good or so-so: a complaint is read on by triage and opens a case, which costs far more
GOOD = (
    "态度特别好，讲了{n}遍也不烦", "给我少算了{n}块钱，主动退回来了", "五分钟就办完了{n}件", "带我看了{n}款，很有耐心", "环境干净，等了{n}分钟也不急",
    "东西和图上一样，质量很好，买了{n}件", "{n}块钱的套餐味道还可以", "换货{n}天就到了，包装很好", "用了{n}天，一切正常", "第{n}次来，还是老样子",
)  # fmt: skip
BAD = (
    "让我排队等了{n}分钟", "说{n}天以内到，到现在也没有到", "把第{n}号订单弄错了", "说不退就是不退，还差我{n}元", "打了{n}个电话才有人接", "修了{n}次还是漏水",
    "答应的{n}元优惠没有给", "App 闪退了{n}回",
)  # fmt: skip
GLAD = ("，以后还会再来", "，谢谢你们", "，比别家贵一点", "，停车也方便", "，推荐给朋友了", "")
SORE = ("，太让人失望了", "，请给一个说法", "，希望改进", "，其实别的都好", "，不会再来了", "")


def texts(n: int, seed: int) -> list[str]:
    """Invented sentences, no two alike: one to three clauses with numbers."""
    rng = Random(seed)
    made = []
    for i in range(n):
        done, then = (BAD, SORE) if rng.random() < 1 / 10 else (GOOD, GLAD)
        parts = [rng.choice(WHEN) + rng.choice(WHO) + rng.choice(done).format(n=rng.randrange(2, 90)) + rng.choice(then) for _ in range(rng.randrange(1, 4))]
        made.append("。".join(parts) + f"。单号{seed}之{i}")
    return made


class House:
    """Some of the processes of `bin/run`, started by its own table and ended with everything below them."""

    def __init__(self, names: tuple[str, ...], *, workers: int) -> None:
        self.port = ports.free_port()
        options = Options(ROOT / ".data" / "bench", self.port, ports.free_port(), demo=False, given={})
        table = {child.name: child for child in children(options, {"CXMS_PORT": str(self.port)})}
        self._table: dict[str, Child] = {name: table[name] for name in names}
        self._workers = workers
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Starts them; returns when each that can say so is ready, and the worker's children are there."""
        for name, child in self._table.items():
            argv = list(child.argv)
            if name == "worker":
                argv[argv.index("-c") + 1] = str(self._workers)
            self.running[name] = processes.spawn(argv, env=child.env, cwd=child.cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name, child in self._table.items():
            if child.ready is not None:
                until(child.ready, 90, f"{name} ready")
        if "worker" in self._table:
            until(lambda: len(self.children("worker")) >= self._workers, 90, "the worker's children")

    def children(self, name: str) -> list[int]:
        """The processes right below one of ours."""
        return sorted(pid for pid, parent in _parents().items() if parent == self.running[name].pid)

    def end(self) -> None:
        """Kills them and what they started: what was being worked is rolled back, and a measure need not wait for it."""
        for process in self.running.values():
            below = [pid for pid, parent in _parents().items() if parent == process.pid]
            for pid in (process.pid, *below):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


@contextmanager
def house(*names: str, workers: int = 2) -> Iterator[House]:
    """The named processes, for as long as the block lasts."""
    made = House(names, workers=workers)
    try:
        made.start()
        yield made
    finally:
        made.end()


def until(condition: Callable[[], bool], seconds: float, what: str, *, every: float = 0.05) -> None:
    """Waits for a condition; raises by name when it does not come."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise AssertionError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(every)


def resident(pid: int) -> tuple[float, float]:
    """Megabytes resident now, and of them not shared with a file."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))  # type: ignore[return-value]


def quantiles(values: list[float]) -> dict[str, float]:
    """p50, p95, p99, each a value that was seen."""
    held = sorted(values)
    return {f"p{q}": held[min(len(held) - 1, int(len(held) * q / 100))] for q in (50, 95, 99)}


def _parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return found
