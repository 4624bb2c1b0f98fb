"""The progress bar fills, is truncated to its line, and is not written to pipes."""

from io import StringIO

from bot.cli.progress_bar import CELLS, EMPTY, FULL, ProgressBar, draw, truncate


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_filled_to_its_fraction() -> None:
    assert draw(0.5) == FULL * (CELLS // 2) + EMPTY * (CELLS // 2)
    assert draw(-1) == EMPTY * CELLS
    assert draw(2) == FULL * CELLS


def test_a_wide_character_counts_two_columns() -> None:
    assert truncate("abcdef", 4) == "abcd"
    assert truncate("慢慢放大", 5) == "慢慢"


def test_lines_are_printed_above_the_bar() -> None:
    terminal = Terminal()
    bar = ProgressBar(2, terminal)
    bar.show(1.5, "cat.png")
    bar.print_above("cat.png done")
    assert " 1/2  cat.png" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[Kcat.png done\n")


def test_a_pipe_gets_no_bar() -> None:
    pipe = StringIO()
    bar = ProgressBar(2, pipe)
    bar.show(1.0, "cat.png")
    bar.print_above("cat.png done")
    bar.hide()
    assert pipe.getvalue() == "cat.png done\n"
