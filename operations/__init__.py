"""What a project's folder needs, whoever drives it: deliveries, storage, history, models. Never imports Prefect."""

import os

# DVC reads them when it is imported, and this file runs before any module of the package can import it.
os.environ.update(DO_NOT_TRACK="1", DVC_NO_ANALYTICS="1")
