"""What is said of an order while it is written."""

from __future__ import annotations

from bot.i18n import Translations
from bot.studio.options import Options
from bot.web.form.preview_line import PreviewLine
from bot.web.words import Words
from tests.support.backend import Backend


async def test_a_story_tells_its_parts_and_its_length_before_it_is_ordered(
    backend: Backend,
) -> None:
    studio = backend.studio
    line = PreviewLine(studio, Words(Translations.load(), "en", studio.admission))
    told = await line.of(Options("zoom in\n\npan left\ntilt up", story=1, fps=24), None, 0)
    frames = studio.admission.defaults()["frames"]
    length = round((3 * (int(str(frames)) - 1) + 1) / 24)
    assert f"3 parts, {length} s in all" in told
    alone = await line.of(Options("zoom in\npan left", fps=24), None, 0)
    assert "parts" not in alone
    refused = await line.of(Options("zoom in", story=1), None, 0)
    assert "needs 2 to 8 prompts" in refused
    assert "mu-warned" in refused
