"""Gradio takes seconds to import: only `mutoscope web` does."""

import subprocess
import sys

CODE = "import sys, bot.cli, bot.__main__; print({'gradio', 'fastapi', 'pandas'} & {*sys.modules})"


def test_neither_the_bot_nor_another_command_imports_gradio() -> None:
    command = [sys.executable, "-c", CODE]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "set()"
