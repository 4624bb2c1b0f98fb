"""The one rule that holds everywhere: nothing sexual with minors.

A text is refused that has both, in English or Chinese, wherever in the text. Neither alone is.
"""

from __future__ import annotations

from bot.studio.content.word_list import WordList, readings

_MINORS = WordList.read(
    (
        *("child", "children", "kid", "kids", "minor", "minors", "toddler", "toddlers"),
        *("infant", "infants", "baby", "babies", "preteen", "preteens", "pre-teen", "underage"),
        *("teen", "teens", "teenager", "teenagers", "teenage", "schoolgirl", "schoolgirls"),
        *("schoolboy", "schoolboys", "little girl", "little girls", "little boy", "little boys"),
        *("young girl", "young girls", "young boy", "young boys", "loli", "lolita", "shota"),
        r"/\b(?:[0-9]|1[0-7])[ -]?(?:(?:years?|yrs?)[ -]?old|yo|y\/o)\b/",
        *("儿童", "兒童", "小孩", "孩子", "幼女", "幼童", "女童", "男童", "少女", "婴儿", "嬰兒"),
        *("未成年", "小学生", "小學生", "中学生", "中學生", "高中生", "小女孩", "小男孩"),
        *("萝莉", "蘿莉", "正太"),
        "/(?:^|[^0-9])(?:[0-9]|1[0-7]) ?[岁歲]/",
        "/(?:^|[^一二三四五六七八九十两百])(?:[一二三四五六七八九]|十[一二三四五六七]?)[岁歲]/",
    )
)
_SEXUAL = WordList.read(
    (
        *("nude", "nudes", "nudity", "naked", "topless", "undressed", "undressing", "nsfw"),
        *("sex", "sexy", "sexual", "sexually", "erotic", "erotica", "porn", "porno"),
        *("pornographic", "pornography", "hentai", "lingerie", "orgasm", "masturbating"),
        *("masturbation", "genitals", "genitalia", "penis", "vagina", "nipples"),
        *("裸体", "裸體", "全裸", "半裸", "裸露", "赤裸", "色情", "情色", "性爱", "性愛"),
        *("做爱", "做愛", "性交", "自慰", "脱衣", "脫衣", "脱光", "脫光", "生殖器", "乳头"),
        "/性感(?:[^染受觉覺知情人动動悟慨言化性]|$)/",
    )
)
_HARMLESS = WordList.read(
    (
        *("naked eye", "naked eyes", "naked tree", "naked trees", "naked branches"),
        *("same-sex", "opposite sex", "赤裸裸"),
    )
)


def is_of_minors(text: str) -> bool:
    """Tell whether a text has something sexual and minors."""
    return any(map(_has_both, readings(text)))


def _has_both(plain: str) -> bool:
    if not _MINORS.find(plain):
        return False
    for word, entry in _HARMLESS.words:
        plain = plain.replace(entry, " ").replace(word, " ")
    for part, _ in _HARMLESS.parts:
        plain = plain.replace(part, " ")
    return bool(_SEXUAL.find(plain))
