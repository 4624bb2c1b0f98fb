"""Nothing that a person wrote becomes markup."""

from bot.web.markup import element, text, void


def test_words_and_attributes_are_escaped() -> None:
    markup = element("p", text("<b>&"), aria_label='"><script>', class_="x", hidden=False)
    assert markup == ('<p aria-label="&quot;&gt;&lt;script&gt;" class="x">&lt;b&gt;&amp;</p>')


def test_an_element_without_children_has_no_end_tag() -> None:
    assert void("img", src="a", loading=None, muted=True) == '<img src="a" muted>'
