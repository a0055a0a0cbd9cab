"""Where the graph, the model and the dialogues that come with the project lie."""

from pathlib import Path

from grammar.errors import KgqaError

_PACKAGE = Path(__file__).parent


def bundled(name: str) -> Path:
    """Return the folder of bundled data called `name`: "graph", "model" or "dialogues".

    An installed wheel carries it inside the package; a source tree has it in `data/`, which wins only where
    the package has none, so that a wheel never picks up a stranger's `data` folder beside it.

    Raises `KgqaError` naming both places when neither holds it.
    """
    places = (_PACKAGE / "bundled" / name, _PACKAGE.parent / "data" / name)
    for place in places:
        if place.exists():
            return place
    raise KgqaError(
        f"expected the bundled {name} in {places[0]} or {places[1]}, found it in neither: "
        "reinstall kgqa, or name your own folder instead"
    )
