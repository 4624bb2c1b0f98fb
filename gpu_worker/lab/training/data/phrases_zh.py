"""Chinese wordings of camera motions, in the same families as the English ones."""

from gpu_worker.lab.training.data.phrases_en import Family
from storage.domain.camera.motion import Motion

CAMERA_VERBS = "镜头|相机|画面|摄像机|视角|机位|摄影机"

FAMILIES = (
    Family(Motion.ZOOM_IN, phrases="拉近|拉近镜头|镜头拉近|画面拉近|拉近{s}|拉近距离|往近处拉"),
    Family(
        Motion.ZOOM_IN, phrases="推进|推近|镜头推进|推镜头|向前推|往前推|推向{s}|镜头前推|推上去"
    ),
    Family(Motion.ZOOM_IN, phrases="放大|放大画面|放大{s}|变焦放大|画面变大|{s}变大|{s}越来越大"),
    Family(
        Motion.ZOOM_IN,
        phrases="靠近|靠近{s}|接近{s}|走近{s}|逼近|逼近{s}|凑近|特写|给{s}一个特写|飞近{s}",
    ),
    Family(
        Motion.ZOOM_IN,
        phrases="前进|向前移动|往前走|向前飞|向前|朝前移动|往里走|进入画面深处|驶向{s}",
    ),
    Family(Motion.ZOOM_OUT, phrases="拉远|拉远镜头|镜头拉远|画面拉远|往远处拉|拉远距离"),
    Family(Motion.ZOOM_OUT, phrases="拉开|镜头拉开|拉镜头|向后拉|往后拉|拉出|镜头拉出|后拉"),
    Family(Motion.ZOOM_OUT, phrases="缩小|缩小画面|变焦缩小|{s}变小|{s}越来越小|画面变小|缩小{s}"),
    Family(
        Motion.ZOOM_OUT,
        phrases="远离|远离{s}|离开{s}|退远|展现全景|露出全貌|显示更多周围环境|扩大视野|全景展开",
    ),
    Family(Motion.ZOOM_OUT, phrases="后退|向后移动|往后退|向后飞|倒退|退后|朝后移动|向后|后撤"),
    Family(
        Motion.PAN_LEFT, phrases="向左平移|左移|向左移动|往左移|左平移|平移向左|朝左移动|移向左边"
    ),
    Family(Motion.PAN_LEFT, phrases="向左摇|左摇|摇向左边|镜头左摇|往左摇|向左摇镜头|左摇镜头"),
    Family(
        Motion.PAN_LEFT,
        phrases="向左看|往左看|看向左边|转向左侧|向左转|往左边转|从右到左|从右往左|由右向左",
    ),
    Family(Motion.PAN_LEFT, phrases="向左滑动|往左滑|向左飘|向左扫过|左侧移动|向左横移|向左跟拍"),
    Family(
        Motion.PAN_RIGHT, phrases="向右平移|右移|向右移动|往右移|右平移|平移向右|朝右移动|移向右边"
    ),
    Family(Motion.PAN_RIGHT, phrases="向右摇|右摇|摇向右边|镜头右摇|往右摇|向右摇镜头|右摇镜头"),
    Family(
        Motion.PAN_RIGHT,
        phrases="向右看|往右看|看向右边|转向右侧|向右转|往右边转|从左到右|从左往右|由左向右",
    ),
    Family(Motion.PAN_RIGHT, phrases="向右滑动|往右滑|向右飘|向右扫过|右侧移动|向右横移|向右跟拍"),
    Family(Motion.TILT_UP, phrases="向上摇|上摇|镜头上摇|往上摇|上仰|仰起|抬头|仰拍|仰视"),
    Family(Motion.TILT_UP, phrases="上移|向上移动|往上移|向上|朝上移动|向上平移|从下到上|由下往上"),
    Family(Motion.TILT_UP, phrases="上升|升起|升高|镜头升起|升镜头|抬升|抬高|飞升|越升越高|往高处"),
    Family(Motion.TILT_UP, phrases="向上看|往上看|看向天空|看向上方|望向天空|抬头看"),
    Family(Motion.TILT_DOWN, phrases="向下摇|下摇|镜头下摇|往下摇|下俯|低头|俯拍|俯视"),
    Family(
        Motion.TILT_DOWN, phrases="下移|向下移动|往下移|向下|朝下移动|向下平移|从上到下|由上往下"
    ),
    Family(Motion.TILT_DOWN, phrases="下降|降下|降低|镜头降下|降镜头|落下|下沉|越降越低|往低处"),
    Family(Motion.TILT_DOWN, phrases="向下看|往下看|看向地面|看向下方|望向地面|低头看"),
    Family(Motion.ROLL_CLOCKWISE, phrases="顺时针旋转|顺时针转|顺时针转动|沿顺时针方向旋转|顺时针"),
    Family(Motion.ROLL_CLOCKWISE, phrases="向右旋转|右旋|向右滚转|向右翻滚|向右倾斜|往右歪"),
    Family(
        Motion.ROLL_COUNTERCLOCKWISE,
        phrases="逆时针旋转|逆时针转|逆时针转动|沿逆时针方向旋转|逆时针|反时针旋转",
    ),
    Family(Motion.ROLL_COUNTERCLOCKWISE, phrases="向左旋转|左旋|向左滚转|向左翻滚|向左倾斜|往左歪"),
    Family(
        Motion.SHAKE, phrases="抖动|晃动|镜头抖动|镜头晃动|画面抖动|摇晃|画面晃动|颤抖|晃来晃去"
    ),
    Family(Motion.SHAKE, phrases="手持|手持镜头|手持拍摄|手持感|手持晃动"),
    Family(Motion.SHAKE, phrases="震动|地震|震颤|颠簸|地动山摇|震荡|剧烈震动|不稳"),
    Family(Motion.STATIC, phrases="静止|保持静止|静止不动|静止镜头|镜头静止|画面静止"),
    Family(Motion.STATIC, phrases="不动|保持不动|镜头不动|不要移动|不移动|别动|没有运动|不要动"),
    Family(Motion.STATIC, phrases="固定镜头|固定机位|固定|定格|三脚架拍摄|稳定不动|锁定镜头|停住"),
)
