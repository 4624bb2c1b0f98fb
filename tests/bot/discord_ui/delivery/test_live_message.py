"""A message is edited again after a failed try."""

from bot.discord_ui.delivery.live_message import pause


def test_the_pause_doubles_with_each_failure_up_to_a_minute() -> None:
    assert [pause(failures) for failures in range(6)] == [3.0, 6.0, 12.0, 24.0, 48.0, 60.0]
    assert pause(10**6) == 60.0
