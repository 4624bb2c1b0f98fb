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
        ("zoom in on a red kite", "zoom in on a red kite"),
        ("slow zoom in, pan left", "slow zoom in, pan left"),
        ("...", "..."),
    ],
)
def test_what_the_camera_does_is_not_drawn(prompt: str, scene: str) -> None:
    assert scene_in(prompt) == scene
