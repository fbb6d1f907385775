from pathlib import Path

import pytest

from operations.storage import address

NONE = (None, None, None)


@pytest.mark.parametrize(
    ("text", "options", "url", "given"),
    [
        ("/srv/cells", NONE, "/srv/cells", {}),
        ("./x/../../cells/", NONE, "../cells", {}),
        ("~/cells", NONE, "~/cells", {}),
        ("s3://cells", NONE, "s3://cells", {}),
        ("s3://cells/a/b/", ("http://localhost:9000", "eu-1", "lab"), "s3://cells/a/b",
         {"endpointurl": "http://localhost:9000", "region": "eu-1", "profile": "lab"}),
    ],
    ids=["a folder", "a relative one", "one of the user's", "a bucket", "all options"],
)  # fmt: skip
def test_what_an_address_means(tmp_path: Path, text, options, url, given):
    found = address.parse(tmp_path, text, *options)
    assert (found.url, found.options) == (url, given)
    assert (found.folder is None) == text.startswith("s3")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("data/store", NONE, "store is inside the project: a copy there is lost with it"),
        (".", NONE, "is inside the project"),
        (" ", NONE, "expected a folder, or s3://BUCKET/PREFIX, got an empty path"),
        ("../file", NONE, "file is a file, expected a folder"),
        ("../store", (None, "eu-1", None), "region belong to s3://BUCKET/PREFIX, got ../store"),
        ("s3://", NONE, "expected s3://BUCKET/PREFIX, .* got s3://"),
        ("s3:///prefix", NONE, "expected s3://BUCKET/PREFIX"),
        ("s3://My_Bucket/x", NONE, "lower-case letters and digits, got s3://My_Bucket/x"),
        ("s3://cells/x", ("localhost:9000", None, None), "endpointurl: expected http://HOST or https://HOST, got loc"),
        ("ftp://host/x", NONE, "expected a folder, or s3://BUCKET/PREFIX, got ftp://host/x"),
        ("ftp://me:secret@host/x", NONE, r"expected a folder, .* got ftp://\*\*\*@host/x"),
        ("gs://cells", NONE, "gs:// needs the package dvc-gs, which is not installed"),
    ],
)
def test_what_is_no_address(tmp_path: Path, text, options, message):
    (tmp_path / "file").touch()
    (tmp_path / "project").mkdir()
    with pytest.raises(ValueError, match=message):
        address.parse(tmp_path / "project", text, *options)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("s3://me:secret@cells/x", None),
        ("s3://me@cells/x", None),
        ("s3://cells/x", "https://me:secret@host"),
        ("ssh://me:secret@host/x", None),
    ],
)
def test_a_secret_is_refused_and_not_repeated(tmp_path: Path, text, endpoint):
    with pytest.raises(ValueError, match=r"has a user or password in it, and \.dvc/config is in git") as caught:
        address.parse(tmp_path, text, endpoint, None, None)
    assert "secret" not in str(caught.value).partition(" has a user")[0]


def test_a_scheme_whose_package_is_there(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(address.PACKAGES, "gs", "dvc_s3")
    assert address.parse(tmp_path, "gs://cells/x", *NONE) == address.Address("gs://cells/x")
