"""Patterns of camera motions in simplified Chinese."""

from __future__ import annotations

import re
from typing import NamedTuple

from storage.domain.camera.motion import Motion
from storage.domain.prompt.mention import Rank

_TO = r"(?:[向往朝至到]着?|方向)"
_MOVE = r"(?:平移|横移|移|摇|转|滑|运动|运镜|看|扫|推移|走|跟拍|环绕|偏移|偏|去|飞)动?"
_LIFT = r"(?:移动|平移|移|摇|升|抬|仰|倾斜|倾|扬|看|转|运动|滑|走|拉|推|飞|去|扫|俯|降|沉)"
_SLOWLY = r"(?:[慢缓轻微徐稍快速迅猛急匀平稳地的]{0,6})"


class _Rule(NamedTuple):
    """A motion and its pattern; camera_only where nothing but a camera does this."""

    motion: Motion
    pattern: str
    rank: Rank = Rank.VERB
    camera_only: bool = False


_OPPOSITE = str.maketrans("左右上下", "右左下上")


def _opposites(motion: Motion, opposite: Motion, pattern: str) -> tuple[_Rule, _Rule]:
    """Return the rules of a motion and of its opposite, with the directions exchanged."""
    return _Rule(motion, pattern), _Rule(opposite, pattern.translate(_OPPOSITE))


_RULES = (
    _Rule(
        Motion.STATIC,
        r"(?:保持|完全|镜头|相机|机位|画面)?(?:静止|固定|不动|定住|定格|静态|停住)",
        Rank.REST,
    ),
    _Rule(
        Motion.STATIC,
        r"三脚架|锁定|不移动|不运动|无运镜|没有运镜|保持稳定|稳定镜头|纹丝不动",
        Rank.REST,
        camera_only=True,
    ),
    _Rule(
        Motion.STATIC,
        r"(?:没有|无|不要|不需要|别|勿|禁止|避免)(?:有)?(?:任何|一点)?(?:镜头|相机|摄像机|画面)?的?(?:运动|移动|动作|动)(?!感)",
        Rank.REST,
        camera_only=True,
    ),
    _Rule(Motion.ROLL_COUNTERCLOCKWISE, r"逆时针|反时针|逆向旋转"),
    _Rule(Motion.ROLL_CLOCKWISE, r"顺时针"),
    _Rule(Motion.SHAKE, r"抖动|晃动|震动|振动|震颤|摇晃|颤抖|颤动|颠簸|摇摆|抖|晃|震"),
    _Rule(
        Motion.SHAKE,
        r"手持(?=镜头|拍|摄|相机|机|晃|抖|感|跟|效果|风格|运镜|视角|画面|$)|手提拍|地震|地动山摇|不稳",
        Rank.MANNER,
        camera_only=True,
    ),
    *_opposites(
        Motion.ROLL_COUNTERCLOCKWISE,
        Motion.ROLL_CLOCKWISE,
        rf"{_TO}左(?:侧|边|方)?{_SLOWLY}(?:旋转|翻滚|滚转|倾斜|滚动|翻转|侧倾|歪|转动?一圈)|左旋|左倾|(?:旋转|翻滚|滚转|倾斜|侧倾){_TO}左",
    ),
    *_opposites(
        Motion.PAN_RIGHT, Motion.PAN_LEFT, r"[从自由]左(?:侧|边|方)?[往向到至朝]+右|左到右"
    ),
    *_opposites(Motion.TILT_UP, Motion.TILT_DOWN, r"[从自由]下(?:方|面)?[往向到至朝而]+上|下到上"),
    _Rule(
        Motion.ZOOM_IN,
        r"放大(?![镜了])|拉近|推近|推进|推镜|推上去|前推|推向|推到|推入|变焦(?:向前|推)|变焦(?!出|拉|远|缩)|推轨|由远[及到至而]近",
        camera_only=True,
    ),
    _Rule(
        Motion.ZOOM_OUT,
        r"缩小|变焦缩小|更多周围|拉远|推远|后拉|拉镜|拉出|拉到全景|后撤|扩大视野|拉回|往后拉|变焦(?:出|拉|远)|由近[及到至而]远",
        camera_only=True,
    ),
    _Rule(
        Motion.ZOOM_IN,
        rf"靠近|越来越近|逼近|接近|走近|飞近|凑近|贴近|聚焦到|驶向|越来越大|{_TO}(?:深处|近处)|前移|前进|变大|更近|近一点|近些|深入|{_TO}(?:前|里|内|中心){_SLOWLY}(?:移动|移|走|推|飞|进|靠)?",
    ),
    _Rule(
        Motion.ZOOM_OUT,
        rf"后退|拉开|越来越远|倒退|越来越小|{_TO}远处|远离|退远|退后|变小|更远|远一点|远些|远去|退出|后移|撤离|{_TO}(?:后|外){_SLOWLY}(?:移动|移|走|拉|飞|退)?",
    ),
    *_opposites(
        Motion.PAN_LEFT,
        Motion.PAN_RIGHT,
        rf"{_TO}?左(?:侧|边|面|方|方向)?{_SLOWLY}{_MOVE}|(?:摇镜|摇|移|转|平移|横移|移动|滑动|扫|看|偏移){_SLOWLY}{_TO}?左",
    ),
    _Rule(
        Motion.TILT_UP,
        rf"{_TO}上(?:方|面)?{_SLOWLY}{_LIFT}|上(?:摇|移|升|仰|抬|扬)|仰(?![望慕卧拍角]|视角)|抬头(?!挺胸)|飞升|越升越高|高处|[看望]向天空|抬起|抬高|升高|升起|抬升|拔高|拉升|升降?镜|(?:摇|移|升|抬|倾斜|看|推){_SLOWLY}{_TO}?上",
    ),
    _Rule(
        Motion.TILT_DOWN,
        rf"{_TO}下(?:方|面)?{_SLOWLY}{_LIFT}|下(?:摇|移|降|俯|沉|倾|压)|俯(?!拍|瞰|视角|视的?角度|角)|低头|越降越低|低处|[看望]向地面|降低|降落|压低|落下|降镜|(?:摇|移|降|倾斜|看|推|压){_SLOWLY}{_TO}?下",
    ),
    *_opposites(Motion.PAN_LEFT, Motion.PAN_RIGHT, rf"{_TO}左(?:侧|边|面|方)?"),
    *_opposites(Motion.TILT_UP, Motion.TILT_DOWN, rf"{_TO}上(?:方|面)?"),
    _Rule(Motion.ROLL_CLOCKWISE, r"旋转(?!木马|门|楼梯|椅)|翻滚|滚转|转圈"),
    _Rule(Motion.ZOOM_OUT, r"展现|展示|露出|全景|全貌", Rank.MANNER),
    _Rule(Motion.PAN_RIGHT, r"横摇|平移|横移|摇镜", Rank.MANNER, camera_only=True),
    _Rule(Motion.DRIFT, r"漂移|漂浮|飘动|飘移|漂动|浮动|轻微运动", Rank.REST),
)
PATTERNS = [(motion, re.compile(pattern), rank, only) for motion, pattern, rank, only in _RULES]
"""Motion, pattern, rank, and whether only a camera does this; in the order of precedence."""
