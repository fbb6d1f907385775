"""HTML pages of one file, which open without a network: style, script and images are inside."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


def render(templates: Path, **values: Any) -> str:
    """`page.html` of the folder `templates`, filled with `values`; it extends `base.html`, which lies here.

    The page's style is the common one, then `style.css` of the folder. All values are text and are escaped, unless
    they are Markup; a value that the template wants and is not given raises jinja2.UndefinedError.
    """
    environment = Environment(
        loader=FileSystemLoader([templates, TEMPLATES]),
        autoescape=True,  # names of files and labels come from outside
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda count: f"{count:,}"
    environment.filters["tight"] = lambda text: text.replace(" %", "\N{NO-BREAK SPACE}%")
    script = (TEMPLATES / "copy.js").read_text()
    return environment.get_template("page.html").render(
        plural=plural,
        style=Markup((TEMPLATES / "base.css").read_text() + (templates / "style.css").read_text()),
        script=Markup(script),
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        **values,
    )


def plural(count: int, noun: str) -> str:
    """`1 image`, `2,000 images`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def uri(content: bytes, kind: str) -> str:
    """An image as an address that holds it, `kind` being the subtype of its MIME type: `webp`, `png`."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
