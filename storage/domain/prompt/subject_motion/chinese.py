"""Subject motion in a Chinese text, simplified or traditional, by patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from storage.domain.prompt import chinese as camera

_SIMPLIFIED = str.maketrans(
    "飄蕩閃爍燒綻張閉彈說話講歡擁親舉揮揚湧馬鳥魚龍葉樹頭髮讓變轉動開來過躍趕戲體車駛門劍"
    "淚滅濺漸個雙邊臉樓梯飛機間廳臺燈獅雞貓淺灘縮搖擺導遊噴發現鐘錶風",
    "飘荡闪烁烧绽张闭弹说话讲欢拥亲举挥扬涌马鸟鱼龙叶树头发让变转动开来过跃赶戏体车驶门剑"
    "泪灭溅渐个双边脸楼梯飞机间厅台灯狮鸡猫浅滩缩摇摆导游喷发现钟表风",
)
_CLAUSE_END = re.compile(r"[,.;:!?。，；：！？…\n\s]|然后|接着|随后|同时|但是|而后")
_LONGEST = 100
"""Characters of a clause at most, so that a text without stops is read in linear time."""
_THINGS = re.compile(
    r"旋转(?:木马|门|楼梯|餐厅|椅)|跳舞[毯机]|舞动奇迹|游泳[池馆圈衣裤镜]|跳[水台]板|摇[椅篮滚]|飞毯|飞行器|"
    r"跑步机|流动(?:人口|资金)|落[地日]|降落伞|爆炸头|燃烧瓶|喷泉|流星|转[椅盘]|微笑曲线|吃[货香相]|喝彩|"
    r"(?:小)?吃店|走来走去的痕迹|滑[梯板]|移动(?:电话|硬盘|支付)|发现|出现|呼吸机|拍打器|行走江湖"
)
"""What is named by words that could say a motion."""

_OWN = re.compile(
    r"跳舞|起舞|舞动|奔跑|奔驰|飞奔|追逐|追赶|嬉戏|玩耍|跑步(?![机鞋])|走动|(?P<to>[游走跑飞跳滚])来(?P=to)去|"
    r"[坐蹲躺跪摘脱跳滑掉取]下|[拔拿掏抽伸吐]出|[站跳跃捡拿]起|起身|"
    r"转过?身|转过头|转头|扭头|回头|回眸|点点?头|摇摇?头|摇(?:着|动)?尾巴|挥挥?手|招手|拍手|鼓掌|挥舞|挥动|"
    r"举起|伸手|张开|闭上|睁开|睁眼|闭眼|眨眨?眼|张嘴|微微?笑|大笑|欢笑|笑[着了起]|哭泣|流泪|说话|讲话|唱歌|歌唱|"
    r"呐喊|嚎叫|咆哮|吼叫|欢呼|敬礼|鞠躬|拥抱|亲吻|接吻|握手|吃[草饭着东]|喝[水茶酒着]|咀嚼|呼吸|弹[吉钢琴奏]|"
    r"演奏|打鼓|打开(?!的)|正?在(?:切|弹|跑|唱|跳|吃|喝|写|画|打|踢|游|飞|走|哭|笑|聊|骑|开车|炒|煮|洗|玩)|"
    r"比心|钓[起上]|飘[动扬落过飞舞荡在]|随风|摇曳|流[动淌下过]|往下流|涌[动来出]|翻涌|拍[打岸]|荡漾|起伏|燃烧|"
    r"闪[烁动]|升腾|坠落|飘|纷飞|下[雨雪]|绽放|凋谢|生长|长大|融化|爆炸|[倒坍崩]塌|碎裂|消失|扇动|拍动|喷[发出涌]|滴落|"
    r"溅起|吹[动过拂起]|行驶|驶[过向来出离去]|疾驰|起飞|变[成为身]|化作|转化为"
)
"""What a camera never does."""
_SHARED = re.compile(
    r"奔向|[走跑冲飞游]向|[走跑飞游爬跳]过?[来去开进出下走上]|升上|(?<=下)落|[推拉]开|(?P<to>[晃摇荡])来(?P=to)去|飞[过起越翔]|翱翔|行走|抬起|抬头|低头|升起|落下|落在|旋转|转动|滚动|翻滚|摇摆|摆动|晃动|"
    r"摇晃|颤抖|移动|前进|后退|上升|下降|动起来|活起来|走近|靠近|"
    r"[走跑跳](?![车鞋道廊私马板台蚤])|晃|蹦|(?<=[上下前后左右])[游飞]"
)
"""What a camera does too: it needs a subject."""
_BODILY = re.compile(r"抬头|低头|行走|走|跑|蹦|跳")
_DYNAMIC = re.compile(r"跳舞|奔跑|飞舞|飘[落扬动]|流[动淌]|燃烧|闪烁|摇曳|摆动|追逐|走动|游动|挥手")
"""What asks for a motion even where it describes a noun, as in 奔跑的马."""
_AT_CAMERA = re.compile(
    r"(?:看着|看向|看|对着|对|面对|面向|望着|望向|朝着|朝|向|盯着|直视|正对|背对|凝视|注视)了?"
    r"(?:镜头|相机|摄像机|摄影机|摄像头|观众|我们)"
)
_NOBODY = re.compile(r"什么都|没有人|无人(?!机)|没人")
_MANNER = re.compile(
    r"[从向往朝到在][^从向往朝到]{0,3}[上下左右前后里外内]方?[边面侧]?|[上下左右前后里外内]|[顺逆反]时针|手[持提]|"
    r"(?:穿过|越过|掠过|绕|沿|经过|围绕)[^从向往朝到]*|缩放|平移|摇移|推拉|变焦|放大|缩小|旋转|抖动|晃动|摇晃|移动"
)
"""How and where a camera moves."""
_NUMBER = re.compile(r"[一二两三几]|[只个条匹头位名群片朵艘辆或及]")


def asks_subject_motion(text: str) -> bool:
    """Tell whether a normalized text asks that something in the picture moves by itself."""
    named = False
    for clause in _clauses(text):
        if any(_asks(clause, match, named) for match in _verbs(clause)):
            return True
        named = camera.CAMERA.search(clause) is None and (
            bool(_subject_in(clause)) or (named and not clause)
        )
    return False


def _clauses(text: str) -> Iterator[str]:
    """Yield the simplified clauses, without names of things and without who looks at the camera."""
    text = camera.simplified(text).translate(_SIMPLIFIED)
    text = _THINGS.sub(lambda match: "物" * len(match.group()), text)
    text = _AT_CAMERA.sub(lambda match: match.group()[0] + "人", text)
    for part in _CLAUSE_END.split(text):
        for start in range(0, len(part), _LONGEST):
            yield part[start : start + _LONGEST]


def _verbs(clause: str) -> Iterator[re.Match[str]]:
    """Yield what may be verbs of a motion, none that is negated or is a noun behind 的."""
    if _NOBODY.search(clause):
        return
    for pattern in (_OWN, _SHARED):
        for match in pattern.finditer(clause):
            before = clause[: match.start()]
            if not before.endswith("的") and not camera.is_negated(before):
                yield match


def _asks(clause: str, verb: re.Match[str], named: bool) -> bool:
    """Tell whether a verb asks for a motion; named says that the clause before has a subject."""
    before, word = clause[: verb.start()], verb.group()
    if clause[verb.end() : verb.end() + 1] == "的" and clause[verb.end() + 1 :]:
        return _DYNAMIC.match(word) is not None
    behind_camera = camera.CAMERA.split(before)[1:]
    if verb.re is _OWN:
        return not behind_camera or bool(_subject_in(behind_camera[-1]))
    led = camera.CAMERA.match(clause, verb.end())
    if led or behind_camera or camera.CONTENT.search(before):
        return False
    return bool(_subject_in(before)) or (named and not before and bool(_BODILY.match(word)))


def _subject_in(words: str) -> str:
    """Return what is left of words when those about camera, manner and direction are taken out."""
    return _NUMBER.sub("", camera.FILLERS.sub("", _MANNER.sub("", words)))
