"""Which addresses of Redis are taken, and that no password is shown."""

import pytest

from storage.queue.connection import checked_url, connect_redis, place_of
from storage.settings import SettingsError


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://127.0.0.1:6379/0", "127.0.0.1:6379"),
        ("redis:///0", "localhost:6379"),
        ("redis://u:p%23%2Fs@h", "h:6379"),
        ("rediss://h:1?ssl_cert_reqs=CERT_NONE", "h:1"),
        ("valkey://h", "h:6379"),
        ("unix://:p@/tmp/a.sock?db=0", "/tmp/a.sock"),
    ],
)
def test_an_address_is_taken(url: str, place: str) -> None:
    assert place_of(url) == place
    connect_redis(url).connection_pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py leaves it bare


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://geheim@h",
        "redis+sentinel://a:26379/mymaster/0",
        "redis://:p#geheim@127.0.0.1:6379/0",
        "redis://:p/geheim@127.0.0.1:6379/0",
        "redis://:p?geheim@h",
        "redis://u:12/geheim@h/0",
        "redis://u:p[geheim@h",
        "redis://h:99999",
        "redis://h:0",
        "redis://h/geheim",
        "redis://h?geheim=1",
        "redis://h?db=geheim",
        "rediss://h?ssl_cert_reqs=geheim",
        "unix://",
    ],
)
def test_a_wrong_address_is_named_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as error:
        checked_url(url)
    assert "geheim" not in str(error.value)
