import pytest

from tasks.params import Classes


@pytest.fixture(scope="session")
def classes() -> Classes:
    return Classes.model_validate({"ig": ["immature granulocyte"], "neutrophil": ["ne"], "platelet": []})
