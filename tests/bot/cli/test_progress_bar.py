"""The bar fills, keeps to its line, and leaves pipes alone."""

from io import StringIO

from bot.cli.progress_bar import CELLS, EMPTY, FULL, ProgressBar, draw, truncate


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_half_made_run_fills_half_the_bar() -> None:
    assert draw(0.5) == FULL * (CELLS // 2) + EMPTY * (CELLS // 2)
    assert draw(-1) == EMPTY * CELLS
    assert draw(2) == FULL * CELLS


def test_a_line_keeps_to_its_columns_where_chinese_takes_two() -> None:
    assert truncate("abcdef", 4) == "abcd"
    assert truncate("慢慢放大", 5) == "慢慢"


def test_a_terminal_sees_the_bar_and_lines_above_it() -> None:
    terminal = Terminal()
    bar = ProgressBar(2, terminal)
    bar.show(1.5, "cat.png")
    bar.print_above("cat.png done")
    assert " 1/2  cat.png" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[Kcat.png done\n")


def test_a_pipe_gets_the_lines_alone() -> None:
    pipe = StringIO()
    bar = ProgressBar(2, pipe)
    bar.show(1.0, "cat.png")
    bar.print_above("cat.png done")
    bar.hide()
    assert pipe.getvalue() == "cat.png done\n"
