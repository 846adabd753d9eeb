#!/usr/bin/env python3
"""Counts the instructions that the emulated board takes to run a short program for somebody who asks: from where the network has
handed over the request to where it is handed the answer, the engine's own left out. See docs/compartments.md.

usage: Benchmarks/request.py [FIRMWARE]   after `make firmware build`
"""

import bisect
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "Firmware/.build/armv7em-none-none-eabi/release/App"
MICROBPF = ROOT / ".build/debug/microbpf"
PROGRAM = "r0 = 5\nexit\n"
# What the counts are taken between, and what runs beside the request.
ARRIVE, RECEIVE, RUN, SEND, TIMER = "udp_input", "net_receive", "thread_run", "net_send", "SysTick_Handler"


def fail(what: str):
    sys.exit(f"request: {what}")


class Symbols:
    """The functions of the firmware by their addresses."""

    def __init__(self, firmware: pathlib.Path):
        listing = subprocess.run(
            ["llvm-nm", "--numeric-sort", str(firmware)], capture_output=True, text=True, check=True
        ).stdout
        fields = [line.split() for line in listing.splitlines()]
        functions = [(int(f[0], 16) & ~1, f[2]) for f in fields if len(f) == 3 and f[1] in "tT"]
        # Not the marks that say where code and data begin.
        functions = [(a, n) for a, n in functions if not re.fullmatch(r"\$[adt](\..*)?", n)]
        self.addresses = [address for address, _ in functions]
        self.names = [name for _, name in functions]

    def name(self, address: int) -> str:
        index = bisect.bisect_right(self.addresses, address) - 1
        # Programs run in RAM, where there is no function.
        return self.names[index] if index >= 0 and address < 0x400000 else ""


class Board:
    """A board that can be told to write down each instruction that it executes."""

    def __init__(self, folder: pathlib.Path, firmware: pathlib.Path):
        self.folder = folder
        self.log = folder / "log"
        monitor = folder / "monitor"
        emulator = shutil.which("qemu-system-arm")
        if emulator is None:
            fail("there is no qemu-system-arm; `make setup` installs it")
        wrapper = folder / "bin/qemu-system-arm"
        wrapper.parent.mkdir()
        wrapper.write_text(
            f'#!/bin/sh\nexec {emulator} "$@" -monitor unix:{monitor},server,nowait -serial stdio -singlestep -D {self.log}\n'
        )
        wrapper.chmod(0o755)
        self.environment = os.environ | {"PATH": f"{wrapper.parent}:{os.environ['PATH']}"}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"coap://127.0.0.1:{port}"
        self.run("keygen", "--output", "key.pem")
        self.process = subprocess.Popen(
            [
                MICROBPF, "emulate", "--count-instructions", "--port", str(port), "--firmware", str(firmware),
                "--trust", "key.pem.pub",
            ],
            env=self.environment, cwd=folder, stdin=subprocess.PIPE,
            stdout=(folder / "console").open("wb"), stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + 60
        while self.run("info", "--device", self.url, check=False).returncode != 0:
            if time.monotonic() > end or self.process.poll() is not None:
                self.stop()
                fail("the board does not answer: " + (folder / "console").read_text())
        self.monitor = socket.socket(socket.AF_UNIX)
        self.monitor.connect(str(monitor))

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        result = subprocess.run(
            [MICROBPF, *arguments], env=self.environment, cwd=self.folder, capture_output=True, text=True
        )
        if check and result.returncode != 0:
            fail(f"microbpf {' '.join(arguments)}: {result.stderr}")
        return result

    def tell(self, command: str):
        self.monitor.sendall(command.encode() + b"\n")
        time.sleep(0.2)

    def trace(self, *arguments: str) -> list[int]:
        """The addresses of the instructions that the board executes while `microbpf` does this with it."""
        self.log.write_text("")
        self.tell("log exec,nochain")
        self.run(*arguments)
        self.tell("log none")
        pattern = re.compile(r"^Trace \d+: \S+ \[\w+/([0-9a-f]+)/")
        return [int(m[1], 16) for m in map(pattern.match, self.log.read_text().splitlines()) if m]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def count(trace: list[int], symbols: Symbols) -> tuple[int, int]:
    """Instructions of the one request in the trace that runs a program, and those of the engine."""
    names = [symbols.name(address) for address in trace]
    running = names.index(RUN)
    # The system looks at the network again before it lets the program run.
    arrived = max(index for index in range(running) if names[index] == ARRIVE)
    start = names.index(RECEIVE, arrived)
    while names[start + 1] == RECEIVE:
        start += 1
    end = names.index(SEND, running)
    # The engine works from where its thread goes on to where the system does again.
    last = max(index for index in range(running, end) if names[index] == RUN)
    engine = last - running + 1
    timer = sum(name == TIMER for name in names[start + 1 : running] + names[last + 1 : end])
    return end - start - 1 - engine - timer, engine


def main():
    firmware = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else FIRMWARE
    for path, target in ((firmware, "firmware"), (MICROBPF, "build")):
        if not path.exists():
            fail(f"there is no {path}; `make {target}` builds it")
    symbols = Symbols(firmware)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        board = Board(folder, firmware)
        try:
            (folder / "five.s").write_text(PROGRAM)
            board.run("assemble", "five.s", "--output", "five.bin")
            board.run("push", "five.bin", "--slot", "1", "--key", "key.pem", "--device", board.url)
            print(f"{'engine':<12} {'request to result':>18} {'engine':>8}")
            for engine, options in (("interpreter", []), ("jit", ["--jit"])):
                execute = ["execute", "--slot", "1", "--device", board.url, *options]
                # The first run of a program is prepared, the second finds everything as the next ones do.
                board.run(*execute)
                board.run(*execute)
                request, own = count(board.trace(*execute), symbols)
                print(f"{engine:<12} {request:>18} {own:>8}")
        finally:
            board.stop()


if __name__ == "__main__":
    main()
