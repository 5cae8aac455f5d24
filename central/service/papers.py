"""Composes A4 sheets (文书): the application as it is read back, and the acceptance receipt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from central.domain.errors import Refused
from central.service import moments
from central.service.context import Context
from central.service.facts import Open, note_openings
from central.store import schema
from hal.events.envelope import EnvelopeError, decode_fact, split_type
from hal.events.facts import IdentityRead, decode_data
from hal.events.sheets import Row, Sheet

Keep = Callable[[Sheet, str], str]
"""Puts a sheet on the disk for a terminal; its hash. OSError if the disk does not take it."""

LONGEST_TITLE = 80
_SEX = {"1": "男", "2": "女"}  # GB/T 2261.1
_DOCUMENTS = {
    "resident": "居民身份证",
    "hmt": "港澳台居民居住证",
    "foreign_2017": "外国人永久居留身份证",
    "foreign_2023": "外国人永久居留身份证",
}
_LONG = "long"
_OF_PERSON = (
    "姓名",
    "外文姓名",
    "性别",
    "出生日期",
    "证件类型",
    "证件号码",
    "证件有效期至",
    "住址",
)
_OF_MATTER = ("办理事项", "申请日期", "核对时间")
_OTHER = "其他"


def labels(told: Sequence[str]) -> list[str]:
    """Those of our labels that a terminal names, each once; whatever else it says is 其他.

    So no value that a terminal might send in the place of a label is kept.
    """
    ours = {*_OF_PERSON, *_OF_MATTER}
    return list(dict.fromkeys(label if label in ours else _OTHER for label in told))


@dataclass(frozen=True)
class Papers:
    """For the writer's thread: a sheet lies on the disk before its order is committed.

    `issuer` is who gives the sheets out (受理机构), None if the configuration names nobody.
    """

    opener: Open
    keep: Keep
    issuer: str | None = None

    def application(self, context: Context, case: RowMapping, terminal: str, purpose: str) -> str:
        """Compose and keep the application of `case`; its hash.

        Opens what the applicant's document told, which goes into the trail with `purpose`.
        Refused (identity_missing, identity_unopenable, sheet_not_kept).
        """
        read = self._applicant(context, case)
        note_openings(context, [case["applicant_fact"]], purpose)
        # Two askings are two sheets: an answer says which of them it is for.
        shown_at = context.now.astimezone(moments.HALL_TIME).strftime("%Y-%m-%d %H:%M:%S")
        sheet = Sheet(
            title=case["item_name"][:LONGEST_TITLE],
            number=case["number"],
            rows=[*_person(read), *_matter(case), Row(label="核对时间", value=shown_at)],
            issuer=self.issuer,
            issued_on=moments.hall_day(context.now),
        )
        return self._keep(sheet, terminal)

    def receipt(
        self,
        context: Context,
        case: RowMapping,
        terminal: str,
        *,
        name: str,
        code: str,
        again: bool,
    ) -> str:
        """Compose and keep the acceptance receipt (受理回执); its hash. `name` is masked.

        `code` is its check code; `again` says that it takes the place of one printed before.
        Refused (sheet_not_kept).
        """
        told = "您的申请已受理。凭办件编号可查询办理进度,凭校验码可核验本回执。"
        sheet = Sheet(
            title="受理回执",
            number=case["number"],
            rows=[Row(label="申请人", value=name), *_matter(case)],
            paragraphs=[told, "补打,此前各份作废。"] if again else [told],
            barcode=f"OW:C:{case['number']}",
            check_code=code,
            issuer=self.issuer,
            issued_on=moments.hall_day(context.now),
        )
        return self._keep(sheet, terminal)

    def _keep(self, sheet: Sheet, terminal: str) -> str:
        try:
            return self.keep(sheet, terminal)
        except OSError as error:
            raise Refused(
                "sheet_not_kept",
                "The centre's disk does not take the sheet; call a technician.",
                "中心磁盘无法保存文书,请联系技术人员。",
            ) from error

    def _applicant(self, context: Context, case: RowMapping) -> IdentityRead:
        table = schema.fact
        query = select(table.c.envelope).where(table.c.id == case["applicant_fact"])
        envelope = context.connection.scalar(query)
        if envelope is None:
            raise Refused(
                "identity_missing",
                "This case has no applicant yet; read the identity card first.",
                "该办件尚无申请人,请先读取居民身份证。",
            )
        try:
            fact = decode_fact(envelope)
            read = decode_data(".".join(split_type(fact.type)), self.opener(fact))
        except (EnvelopeError, ValueError) as error:
            raise _unopenable() from error
        if not isinstance(read, IdentityRead):
            raise _unopenable()
        return read


def _unopenable() -> Refused:
    return Refused(
        "identity_unopenable",
        "What the identity card told cannot be opened; read it again and open a new case.",
        "证件信息无法解密,请重新读取证件并重新登记。",
    )


def _person(read: IdentityRead) -> list[Row]:
    """What the document says of the citizen; a row is left out where it says nothing."""
    until = "长期" if read.valid_until == _LONG else read.valid_until
    told = (
        read.name,
        read.name_foreign,
        _SEX.get(read.sex or ""),
        read.birth_date,
        _DOCUMENTS[read.document],
        read.number,
        until,
        read.new_address or read.address,
    )
    rows = zip(_OF_PERSON, told, strict=True)
    return [Row(label=label, value=value) for label, value in rows if value]


def _matter(case: RowMapping) -> list[Row]:
    return [
        Row(label="办理事项", value=case["item_name"]),
        Row(label="申请日期", value=case["clock_started_at"][:10]),
    ]
