"""`GET /api/v1/documents/{document}.pdf`: a document's good pages as PDF/A, for a purpose."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from central.domain.errors import Incorrect, Refused
from central.media.pdf import Unprintable, make_pdf
from central.service import documents
from central.service.context import Actor, Context
from central.web import problems
from central.web.parts import Parts
from central.web.principals import OPENS_DOCUMENTS
from central.web.security import allow

PDF = "application/pdf"

Purpose = Annotated[
    str,
    Query(max_length=200, description="查阅目的: what the document is opened for; is recorded"),
]
Id = Annotated[str, Path(pattern=r"^[!-~]{1,64}$")]


def router(parts: Parts) -> APIRouter:
    """The one route. It runs in a thread: it reads files and makes a file."""
    routes = APIRouter(prefix="/api/v1", responses=problems.documented(), tags=["reading"])
    reader = Annotated[Actor, Depends(allow(parts.principals, OPENS_DOCUMENTS))]

    @routes.get("/documents/{document}.pdf", response_class=Response, responses={200: _DOCUMENTED})
    def document(document: Id, actor: reader, purpose: Purpose = "") -> Response:
        """The good pages in their order; 409 while some have not been uploaded yet."""
        if not (purpose := purpose.strip()):
            raise Incorrect("purpose_missing", "Say what it is opened for.", "请填写查阅目的。")
        with parts.readers.connect() as connection:
            found = documents.find(connection, document)
        made = _pdf(parts, found)
        # The trail is kept before the answer leaves; if it cannot be kept, nothing leaves.
        parts.writer.submit(
            lambda connection: documents.note_opened(
                Context(connection, parts.now(), actor), found, purpose
            )
        ).result()
        return Response(made, media_type=PDF, headers={"Cache-Control": "no-store"})

    return routes


_DOCUMENTED = {"content": {PDF: {}}, "description": "PDF/A-2b"}


def _pdf(parts: Parts, found: documents.Document) -> bytes:
    pictures = parts.pictures
    missing = sum(not pictures.has(each) for each in found.pages)
    if missing:
        raise Refused(
            "pages_missing",
            f"{missing} of {len(found.pages)} pages are still on their way; try again later.",
            "部分页面尚未上传,请稍后重试。",
        )
    pages = [pictures.page(each) for each in found.pages]
    whole = [page for page in pages if page is not None]
    try:
        if len(whole) < len(pages):
            raise Unprintable("a page does not open")
        return make_pdf(whole, found.id, parts.now())
    except Unprintable as error:
        raise Refused(
            "pages_unusable",
            f"The document cannot be made ({error}); have it captured again.",
            "页面无法打开,请重新拍摄。",
        ) from error
