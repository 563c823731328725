"""Sandboxed Jinja2: deterministic, and rendered in a child process, since anybody may write a template.

Imports no numpy.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

from leanbound.errors import InputError
from leanbound.files import RECORD_LIMIT, read_bytes
from leanbound.rendering.forked import ForkLimits, collect


class TemplateError(InputError):
    """Raised when a template cannot be read or rendered; the message names the template and the line."""


class Page(NamedTuple):
    """What is to be rendered: a template, under a name of its own."""

    name: str
    template: str
    more: Mapping[str, object] = {}
    """Of the context, for this page only."""


class RenderedPage(NamedTuple):
    """What a template gave."""

    name: str
    template: str
    digest: str
    """SHA-256 of the template."""
    text: str


def render_pages(
    root: Path, pages: Sequence[Page], context: Mapping[str, object], limits: ForkLimits
) -> list[RenderedPage]:
    """Render the templates of a folder in a child, which cannot harm this process.

    Raises TemplateError for a fault in a template, or when all of them together pass one of the `limits`.
    """
    renderer = _Renderer(root, context)
    items, ended = collect(lambda: renderer.render(pages), limits)
    for item in items:
        if "error" in item:
            raise TemplateError(item["error"])
    if ended:
        template = root / pages[min(len(items), len(pages) - 1)].template
        raise TemplateError(f"{template}: rendering was stopped {ended}. Make the template do less.")
    return [RenderedPage(**item) for item in items]


class _Renderer:
    def __init__(self, root: Path, context: Mapping[str, object]) -> None:
        self._root = root
        self._context = context
        self._loader = _Loader(root)
        self._environment = ImmutableSandboxedEnvironment(
            loader=self._loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )

    def render(self, pages: Sequence[Page]) -> Iterator[dict[str, Any]]:
        """The fields of rendered pages, one after the other; an error is the last item."""
        for name, template, more in pages:
            try:
                text = self._text(template, more)
            except TemplateError as error:
                yield {"error": error.message}
                return
            yield RenderedPage(name, template, self._loader.digests[template], text)._asdict()

    def _text(self, template: str, more: Mapping[str, object]) -> str:
        try:
            return self._environment.get_template(template).render({**self._context, **more}).lstrip("\n")
        except TemplateNotFound as error:
            raise TemplateError(f"template {self._root / template} does not exist: {error.message}") from None
        except TemplateSyntaxError as error:
            raise TemplateError(f"{error.filename or self._root / template}:{error.lineno}: {error.message}") from None
        except InputError as error:
            raise TemplateError(error.message) from None
        except Exception as error:  # a template can raise any: it calls what it is given with what it likes
            place = _place_of(error, self._root) or f"{self._root / template}:0"
            reason = "it needs too much memory" if isinstance(error, MemoryError) else error
            raise TemplateError(f"{place}: {reason}") from None


class _Loader(BaseLoader):
    """Templates below a folder, regular files of at most 1 MiB; no link leads out of it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.digests: dict[str, str] = {}
        """template -> SHA-256 of what was read"""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = self._root.joinpath(*split_template_path(template))
        if not path.exists():
            raise TemplateNotFound(template)
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise InputError(f"{path}: leads out of {self._root}. Replace the link by what it leads to.")
        content = read_bytes(path, RECORD_LIMIT)
        self.digests[template] = hashlib.sha256(content).hexdigest()
        return content.decode(), str(path), lambda: True


def _place_of(error: BaseException, root: Path) -> str | None:
    """The template and the line at which rendering failed: Jinja2 puts them into the traceback, innermost last."""
    place, traceback = None, error.__traceback__
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if name.startswith(f"{root}/"):
            place = f"{name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
