"""A retraining and what it works on."""

from pathlib import Path

from flows.artifact import Artifact
from flows.retraining.approval import Answered
from operations.history.provenance import Recorder
from operations.retraining.retraining import Retraining
from operations.retraining.takeover import Base
from operations.settings.settings_form import Settings
from tasks.gate.decision import Decision


class Case:
    """What the steps of a run hand on. No dataclass: Prefect would search its fields wherever it is handed on."""

    def __init__(self, root: Path, record: Recorder, name: str, settings: Settings):
        self.root, self.record, self.name, self.summary = root, record, name, Retraining(record.id)
        self.settings = settings
        self.place, self.base = root, Base.of(root)
        """where the model is made and judged, and what of the project that began with"""
        self.shown = ""
        """what was made there, Markdown"""
        self.list = b""
        """data/deliveries.yaml as the run read it"""
        self.names: list[str] = []
        """the deliveries in it"""
        self.made: list[Artifact] = []
        self.decision: Decision | None = None
        self.model = ""
        """digest of the model that was judged"""
        self.against: str | None = None
        """tag of the champion that it was compared with"""
        self.candidate: Path | None = None
        """where it lies with all that belongs to it, if the gate lets it through"""
        self.asker: str | None = None
        """another run, which waits for a person's answer about that model"""
        self.answer: Answered | None = None
        """a person's"""
