"""What the stages do: a package per stage, none of which knows Prefect or DVC."""

from tasks import quiet

quiet.install()
