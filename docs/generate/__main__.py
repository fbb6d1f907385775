"""Write every generated file of the documentation; run in the project's folder."""

from docs.generate import generated

for path, text in generated().items():
    path.write_text(text)
    print(path)
