"""The screens' words for what the contract calls by code: Chinese first, English beside."""

_FACTS = {
    "card.presented": ("社保卡插入", "card in"),
    "card.removed": ("社保卡取走", "card out"),
    "card.left": ("社保卡遗留", "card left"),
    "card.read": ("社保卡读取", "card read"),
    "identity.read": ("身份证读取", "identity read"),
    "code.scanned": ("条码扫描", "code scanned"),
    "document.captured": ("高拍", "document captured"),
    "sheet.confirmed": ("材料确认", "sheet confirmed"),
    "sheet.disputed": ("材料有误", "sheet disputed"),
    "sheet.expired": ("材料未确认", "sheet not confirmed"),
    "signature.given": ("签名", "signature"),
    "rating.given": ("评价", "rating given"),
    "rating.expired": ("未评价", "not rated"),
    "key.pressed": ("按键", "key"),
    "slip.printed": ("凭条打印", "slip printed"),
    "ticket.issued": ("取号", "ticket issued"),
    "visit.opened": ("服务开始", "visit opened"),
    "visit.closed": ("服务结束", "visit closed"),
    "order.done": ("指令完成", "order done"),
    "order.refused": ("指令拒绝", "order refused"),
    "device.lost": ("设备断开", "device lost"),
    "device.returned": ("设备恢复", "device returned"),
    "device.degraded": ("设备降级", "device degraded"),
    "device.recovery": ("设备自愈", "device recovery"),
    "terminal.started": ("终端启动", "terminal started"),
    "terminal.stopping": ("终端停止", "terminal stopping"),
    "terminal.updated": ("终端更新", "terminal updated"),
}
_STATES = {
    "WAITING": ("等候", "waiting"),
    "CALLED": ("已叫号", "called"),
    "SERVING": ("办理中", "serving"),
    "DONE": ("结束", "done"),
    "OPENED": ("登记", "opened"),
    "ACCEPTED": ("受理", "accepted"),
    "DECIDED": ("审定", "decided"),
    "COMPLETED": ("办结", "completed"),
    "DELIVERED": ("送达", "delivered"),
    "starting": ("启动中", "starting"),
    "ready": ("在线", "ready"),
    "paused": ("暂停服务", "paused"),
    "stopping": ("停止中", "stopping"),
    "lost": ("离线", "lost"),
    "ASKED": ("核对中", "being read"),
    "CONFIRMED": ("已确认", "confirmed"),
    "DISPUTED": ("有误", "disputed"),
    "UNANSWERED": ("未确认", "not confirmed"),
    "OFFERED": ("请评价", "asked"),
    "RATED": ("已评价", "rated"),
    "EXPIRED": ("未评价", "not rated"),
    "applied": ("已入库", "applied"),
    "quarantined": ("隔离", "quarantined"),
}
_LEVELS = {
    5: ("非常满意", "very satisfied"),
    4: ("满意", "satisfied"),
    3: ("基本满意", "fairly satisfied"),
    2: ("不满意", "dissatisfied"),
    1: ("非常不满意", "very dissatisfied"),
}
_VERDICTS = {
    "good": ("清晰", "good"),
    "no_page": ("无材料", "no page"),
    "blurred": ("模糊", "blurred"),
    "glare": ("反光", "glare"),
    "cut_edge": ("缺边", "cut edge"),
    "blank": ("空白页", "blank"),
    "upside_down": ("页面倒置", "upside down"),
    "repeated": ("重复页", "same page twice"),
}
_PRINTED = {
    "printed": ("已打印", "printed"),
    "failed": ("打印失败", "not printed"),
    "unknown": ("结果不明,可补打", "unknown: print a copy"),
}
_SLIPS = {
    "ticket": ("号票", "ticket"),
    "receipt": ("业务回执", "receipt"),
    "receipt-sheet": ("受理回执", "acceptance receipt"),
}
_WHY = {
    "teller": ("柜员暂停", "by the teller"),
    "fault": ("设备故障", "device fault"),
    "disk": ("磁盘已满", "disk full"),
}
_REMEDIES = {
    "reset": ("重新连接", "reset"),
    "configure": ("检查配置", "configure"),
    "clear": ("清理", "clear"),
    "maintain": ("请技术人员检修", "maintain"),
    "replace": ("更换设备", "replace"),
}
_PARTIES = {
    "applicant": ("申请人", "applicant"),
    "agent": ("代办人", "agent"),
    "principal": ("被代办人", "principal"),
    "bystander": ("旁人", "bystander"),
}
_UNKNOWN = ("未知", "unknown")


def fact_words(type: str | None) -> tuple[str, str]:
    """Chinese and English for a fact's type, `cn.onewindow.{role}.{name}.v1`."""
    kind = (type or "").removeprefix("cn.onewindow.").removesuffix(".v1")
    return _FACTS.get(kind, (kind, kind) if kind else _UNKNOWN)


def state_words(state: str | None) -> tuple[str, str]:
    """Chinese and English for a state of a ticket, case, rating, terminal or fact."""
    return _STATES.get(state or "", (state, state) if state else _UNKNOWN)


def level_words(level: int | None) -> tuple[str, str]:
    """Chinese and English for a level of a rating (评价), or for none."""
    return _LEVELS.get(level or 0, ("未评价", "not rated"))


def verdict_words(verdict: str) -> tuple[str, str]:
    """Chinese and English for what the camera's driver says of a page."""
    return _VERDICTS.get(verdict, (verdict, verdict))


def printed_words(verdict: str | None) -> tuple[str, str]:
    """Chinese and English for what became of a slip, None: not told yet."""
    return _PRINTED.get(verdict or "", ("打印中", "printing"))


def slip_words(kind: str) -> tuple[str, str]:
    """Chinese and English for what is printed."""
    return _SLIPS.get(kind, (kind, kind))


def why_words(why: str) -> tuple[str, str]:
    """Chinese and English for what makes a window paused."""
    return _WHY.get(why, (why, why))


def remedy_words(remedy: str) -> tuple[str, str] | None:
    """Chinese and English for what a person can do about a device, None where there is nothing."""
    return _REMEDIES.get(remedy)


def party_words(party: str) -> tuple[str, str]:
    """Chinese and English for a person's role in a visit."""
    return _PARTIES.get(party, (party, party))
