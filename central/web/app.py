"""The web application: routes, pages and errors put together from parts that are handed in."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from central.web import clock, commands, documents, images, pages, problems, reads, terminals
from central.web.edge import Edge
from central.web.parts import Parts


def make_app(parts: Parts) -> FastAPI:
    """An application that serves `parts`. Nothing is opened here."""
    app = FastAPI(
        title="OneWindow 一窗",
        version="1",
        description="The case service of a one-window hall: queue, cases, facts.",
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    app.include_router(commands.router(parts))
    app.include_router(reads.router(parts))
    app.include_router(terminals.router(parts))
    app.include_router(clock.router(parts))
    app.include_router(pages.router(parts))
    app.include_router(images.router(parts))
    app.include_router(documents.router(parts))
    app.mount("/static", StaticFiles(directory=pages.STATIC), name="static")
    app.add_middleware(Edge)
    return app
