"""What was found about new deliveries, as facts that JSON can hold."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class News:
    """What became of the rows of one delivery and class; the class is "" where a row has none.

    `came` is the sum of the others: `new` are kept, `copied` are copies of an image of another delivery, `repeated`
    of one of the same delivery, `unusable` are unreadable, blank, noise or half lost, `other` have any other reason.
    """

    delivery: str
    label: str
    came: int
    new: int
    copied: int
    repeated: int
    conflicting: int
    outlier: int
    unusable: int
    other: int


@dataclass(frozen=True)
class Share:
    """Images of one class, new and in the training set."""

    label: str
    new: int
    training: int


@dataclass(frozen=True)
class Difference:
    """New less training images within their classes in one figure of colour, in grey levels, with its interval.

    `size` is the difference in standard deviations between images of one class.
    """

    figure: str
    difference: float
    low: float
    high: float
    size: float


@dataclass(frozen=True)
class Shift:
    """How far one kind of drift goes.

    `word` is one of `bands.WORDS`, "" where nothing was measured: then `why` says why, and the figures are None. `size`
    is in the unit of `bands`, `shows_from` the size from which so many images would have given evidence. `new` and
    `training` are the images that were looked at.
    """

    word: str
    new: int
    training: int
    size: float | None = None
    p: float | None = None
    shows_from: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Drift:
    """New deliveries against the training images of all others.

    `displaced` counts rows of other deliveries that were dropped for an image of these: conflicts, and copies of what
    a person keeps. `colours` is empty where colour was not measured.
    """

    names: tuple[str, ...]
    news: tuple[News, ...]
    displaced: int
    shares: tuple[Share, ...]
    colours: tuple[Difference, ...]
    class_shares: Shift
    colour: Shift
    embeddings: Shift

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold, complete."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Drift":
        """What was written so, without the `sentence` that may stand beside it.

        Raises ValueError where it lacks something or has more.
        """
        try:
            read: dict[str, Any] = {name: value for name, value in values.items() if name != "sentence"}
            read["names"] = tuple(read["names"])
            for name, kind in {"news": News, "shares": Share, "colours": Difference}.items():
                read[name] = tuple(kind(**entry) for entry in read[name])
            for name in ("class_shares", "colour", "embeddings"):
                read[name] = Shift(**read[name])
            return cls(**read)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no record of drift: {error}") from error
