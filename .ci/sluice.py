"""Starts and stops a built `sluice` for the checks of this directory."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time


@contextlib.contextmanager
def running(binary, *options):
    """A `sluice up` on directories and ports of its own: (process, endpoint). Ended by Ctrl-C, which must end it cleanly.

    The functions are taken from the directory of the binary (`cargo test` and `cargo run` build them there).
    """
    binary = pathlib.Path(binary).resolve()
    with tempfile.TemporaryDirectory() as data:
        command = [binary, "up", "--listen", "127.0.0.1:0", "--data", data, "--functions", binary.parent, *options]
        env = dict(os.environ, RUST_BACKTRACE="1")
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=env)
        try:
            yield process, endpoint_of(process)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0, "Ctrl-C must end it cleanly"
        finally:
            if process.poll() is None:
                process.kill()
            process.stdout.close()


def endpoint_of(process):
    """The address that it prints when it is ready."""
    for line in process.stdout:
        found = re.search(r"AWS_ENDPOINT_URL=(\S+)", line)
        if found:
            # What it prints later must not fill the pipe.
            threading.Thread(target=drain, args=(process.stdout,), daemon=True).start()
            return found.group(1)
    raise SystemExit(f"sluice ended with {process.wait()} before it was ready")


def drain(stream):
    with contextlib.suppress(ValueError):
        for _ in stream:
            pass


def free_port():
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, probe, seconds=60):
    """Waits for another process to get there; the bound is only for the case that it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = probe()
        if got is not None:
            return got
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")
