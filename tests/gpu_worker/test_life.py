"""A worker's life begins with its process and ends once."""

from __future__ import annotations

import subprocess
import sys
import time

from gpu_worker.life import LifeClock


def test_a_life_begins_with_the_process_is_ready_once_and_ends() -> None:
    now = [time.time()]
    clock = LifeClock("w", "embedded", "offer", lambda: now[0])
    first = clock.until_now()
    assert (first.worker, first.offer, first.ready, first.ended) == ("w", "offer", 0.0, False)
    assert first.start_seconds == first.seconds
    now[0] += 5.0
    clock.become_ready()
    now[0] += 7.0
    clock.become_ready()  # its engine was started again
    end = clock.at_end()
    assert end.id == first.id
    assert end.ended
    assert end.seen - end.ready == 7.0
    assert LifeClock("w", "embedded", "").until_now().id != first.id


def test_the_start_of_python_is_billed_too() -> None:
    code = "import time; time.sleep(0.5); from gpu_worker.life import process_age as a; print(a())"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert 0.45 <= float(run.stdout) <= 60.0  # the kernel tells it in hundredths
