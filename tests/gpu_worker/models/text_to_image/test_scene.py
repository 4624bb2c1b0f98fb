"""What of a prompt is drawn."""

import pytest

from gpu_worker.models.text_to_image.scene import scene_in


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("a lighthouse at dusk, slow zoom in", "a lighthouse at dusk"),
        ("Zoom in slowly. A red kite over the sea.", "A red kite over the sea."),
        ("waves roll in, gulls, then pan left, hold still", "waves roll in, gulls"),
        ("a frying pan on a stove, the camera tilts up", "a frying pan on a stove"),
        ("a harbour, no camera movement, golden light", "a harbour, golden light"),
        ("黄昏的灯塔，海浪，镜头缓慢拉远。", "黄昏的灯塔，海浪"),
        ("a red kite, an old town", "a red kite, an old town"),
        ("zoom in on a red kite", "a red kite"),
        ("zoom in on a lighthouse, dusk", "a lighthouse, dusk"),
        ("The camera slowly zooms in on a boat, golden light", "a boat, golden light"),
        ("fog, pan left over New York at night, neon", "fog, New York at night, neon"),
        ("镜头推近一座灯塔，黄昏", "镜头推近一座灯塔，黄昏"),
        ("镜头慢慢地向左平移，城市夜景", "城市夜景"),
        ("不要推拉摇移，雪山", "雪山"),
        ("镜头跟随一只狗，海滩", "镜头跟随一只狗，海滩"),
        ("slow push in on an old man's face, tears", "an old man's face, tears"),
        ("a camera on a tripod, wooden desk", "a camera on a tripod, wooden desk"),
        ("zoom in on a drone, blue sky", "a drone, blue sky"),
        ("a handheld lantern, fog", "a handheld lantern, fog"),
        ("hand-held camera, fog", "fog"),
        ("a hand-held camera with a slow zoom, fog", "fog"),
        ("zoom in on her hands, flour", "her hands, flour"),
        ("pan over a bank, rain", "a bank, rain"),
        ("tilt up to the sky, stars", "the sky, stars"),
        ("tilt from bottom to top, a tower", "a tower"),
        ("filmed with a drone that flies forward, sea", "sea"),
        ("slow zomo in, slwo pan lft, a boat", "slow zomo in, a boat"),
        ("static shot of a lighthouse", "a lighthouse"),
        ("a kite rises while the camera pans up", "a kite rises while the camera pans up"),
        ("a pan of water on a stove", "a pan of water on a stove"),
        ("zoom in 2x, a boat", "a boat"),
        ("camera shake, a boat", "a boat"),
        ("ＺＯＯＭ in on a boat…, fog", "ＺＯＯＭ in on a boat…, fog"),
        ("slow zoom in, pan left", "slow zoom in, pan left"),
        ("...", "..."),
    ],
)
def test_what_the_camera_does_is_not_drawn(prompt: str, scene: str) -> None:
    assert scene_in(prompt) == scene
