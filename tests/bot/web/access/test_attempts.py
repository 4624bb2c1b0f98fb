"""Wrong passwords: the delay grows, ends and is the sender's own; few wait at once."""

import contextlib

import pytest

from bot.web.access.attempts import (
    FORGOTTEN,
    FREE,
    LONGEST_DELAY,
    MOST_OF_SENDER,
    MOST_WAITING,
    Attempts,
    TooManyAttempts,
)


def test_the_delay_grows_and_is_the_senders_own() -> None:
    now = 1000.0
    attempts = Attempts(lambda: now)
    delays = []
    for _ in range(FREE + 2000):
        attempts.failed("a", "ada")
        try:
            attempts.admit("a", "ada")
        except TooManyAttempts as error:
            delays.append(error.seconds)
    assert delays[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_DELAY, LONGEST_DELAY]
    assert len(delays) == 2001
    for sender, name in (("a", "bob"), ("b", "ada")):
        attempts.admit(sender, name)
    now += LONGEST_DELAY
    attempts.admit("a", "ada")
    now += FORGOTTEN
    attempts.failed("a", "ada")
    attempts.admit("a", "ada")


def test_the_right_password_forgets_the_wrong_ones() -> None:
    attempts = Attempts(lambda: 0.0)
    for _ in range(FREE):
        attempts.failed("a", "ada")
    with pytest.raises(TooManyAttempts):
        attempts.admit("a", "ada")
    attempts.succeeded("a", "ada")
    attempts.admit("a", "ada")


def test_few_wait_at_once() -> None:
    attempts = Attempts()
    with contextlib.ExitStack() as stack:
        for number in range(MOST_WAITING):
            stack.enter_context(attempts.waiting(f"{number // MOST_OF_SENDER}"))
        with pytest.raises(TooManyAttempts), attempts.waiting("other"):
            pass
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_OF_SENDER):
            stack.enter_context(attempts.waiting("a"))
        with pytest.raises(TooManyAttempts), attempts.waiting("a"):
            pass
        with attempts.waiting("b"):
            pass
