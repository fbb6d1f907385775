"""Addresses of remotes: a folder, or a bucket, and which of them may stand in .dvc/config, which is in git."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PACKAGES = {
    "azure": "dvc_azure", "gdrive": "dvc_gdrive", "gs": "dvc_gs", "hdfs": "dvc_hdfs", "oss": "dvc_oss",
    "ssh": "dvc_ssh", "webdav": "dvc_webdav", "webdavs": "dvc_webdav",
}  # fmt: skip
"""Schemes that DVC knows beside s3, and the package that each needs."""
EXPECTED = "expected a folder, or s3://BUCKET/PREFIX"


@dataclass(frozen=True)
class Address:
    """Where a remote is: `url` as DVC takes it, the options that DVC wants with it, and the folder, if it is one."""

    url: str
    options: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


def parse(root: Path, text: str, endpoint_url: str | None, region: str | None, profile: str | None) -> Address:
    """The address that `text` means, a relative path being one below `root`. Raises ValueError."""
    scheme, separator, _ = text.partition("://")
    options = {"endpointurl": endpoint_url, "region": region, "profile": profile}
    given = {name: value for name, value in options.items() if value}
    if given and scheme != "s3":
        raise ValueError(f"{', '.join(given)} belong to s3://BUCKET/PREFIX, got {_shown(text)}")
    if not separator:
        return _folder(root, text)
    if scheme == "s3":
        return _bucket(text, given)
    return _other(scheme, text)


def _folder(root: Path, text: str) -> Address:
    if not text.strip():
        raise ValueError(f"{EXPECTED}, got an empty path")
    folder = (root / Path(text).expanduser()).resolve()
    if folder.is_relative_to(root.resolve()):
        raise ValueError(f"{folder} is inside the project: a copy there is lost with it")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, {EXPECTED}")
    # One of the user's stays so, and a relative one is one for every clone that lies beside the same folder.
    relative = os.path.relpath(folder, root.resolve())
    return Address(text if text.startswith(("~", "/")) else relative, folder=folder)


def _bucket(text: str, options: Mapping[str, str]) -> Address:
    rest = text.removeprefix("s3://")
    if "@" in rest.partition("/")[0]:
        raise ValueError(_secret(text))
    if not BUCKET.fullmatch(rest.partition("/")[0]):
        raise ValueError(f"expected s3://BUCKET/PREFIX, BUCKET of 3 to 63 lower-case letters and digits, got {text}")
    endpoint = options.get("endpointurl", "https://")
    if "@" in urlsplit(endpoint).netloc:
        raise ValueError(_secret(endpoint))
    if not endpoint.startswith(("http://", "https://")):
        raise ValueError(f"endpointurl: expected http://HOST or https://HOST, got {endpoint}")
    return Address(text.rstrip("/"), dict(options))


def _other(scheme: str, text: str) -> Address:
    if scheme not in PACKAGES:
        raise ValueError(f"{EXPECTED}, got {_shown(text)}")
    if ":" in text.partition("://")[2].partition("@")[0] and "@" in text:
        raise ValueError(_secret(text))
    package = PACKAGES[scheme]
    if not find_spec(package):
        raise ValueError(f"{scheme}:// needs the package {package.replace('_', '-')}, which is not installed")
    return Address(text)


def _secret(text: str) -> str:
    return (
        f"{_shown(text)} has a user or password in it, and .dvc/config is in git: give them in the environment "
        "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), in ~/.aws, or by `dvc remote modify --local`"
    )


def _shown(text: str) -> str:
    """The address without what stands before the @."""
    return re.sub(r"(://|^)[^/]*@", r"\1***@", text)
