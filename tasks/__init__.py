"""What the stages do: a package per stage, none of which knows Prefect or DVC."""
