"""How often is the right mentor the nearest? Words in common, letters, and the language model, side by side.

    python -m benchmarks.meaning            the table
    python -m benchmarks.meaning --centre   what matching/engine/meaning.py holds as _CENTRE

40 goals, each with one mentor who is right for it and says so in other words (meaning.toml); the other 39 are
wrong. "First" is the share of goals whose own mentor comes first, "rank" the mean of 1 / rank.
"""

import argparse
import base64
import math
import re
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.engine import meaning

HERE = Path(__file__).parent
PEOPLE = HERE.parent / "mentoring/demo/data"
Measure = Callable[[Sequence[list[str]], Sequence[list[str]]], NDArray[np.float64]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--centre", action="store_true", help="print the model's centre and stop")
    if parser.parse_args().centre:
        print_centre()
        return
    print_table()


def print_table() -> None:
    pairs, alike = read()
    titles = [pair["goal"][:1] for pair in pairs], [pair["mentor"][:1] for pair in pairs]
    tasks = {
        "one sentence": titles,
        "all they say": ([pair["goal"] for pair in pairs], [pair["mentor"] for pair in pairs]),
        "other languages": (titles[0], [list(pair["abroad"].values()) for pair in pairs]),
        "words shared": ([[one["goal"]] for one in alike], [[one["mentor"]] for one in alike]),
    }
    print(f"{'':34}" + "".join(f"{name:>22}" for name in tasks))
    print(f"{'':34}" + f"{'first    rank':>22}" * len(tasks))
    for name, measure in measures().items():
        began = time.perf_counter()
        figures = [ranked(measure(*texts)) for texts in tasks.values()]
        cells = "".join(f"{f'{first:.0%}    {rank:.2f}':>22}" for first, rank in figures)
        print(f"{name:34}{cells}   {time.perf_counter() - began:5.1f} s")
    print()
    print_cosines(tasks)


def read() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    found = tomllib.loads((HERE / "meaning.toml").read_text())
    return found["pair"], found["alike"]


def ranked(closeness: NDArray[np.float64]) -> tuple[float, float]:
    rank = (closeness >= np.diag(closeness)[:, np.newaxis]).sum(axis=1)
    return float((rank == 1).mean()), float((1 / rank).mean())


def measures() -> dict[str, Measure]:
    found: dict[str, Measure] = {"words in common (BM25)": bm25}
    for one in embedders():
        found[f"{one.name}, as stored"] = stored(one)
        found[f"{one.name}, all in one text"] = at_once(one)
        found[f"{one.name}, best two sentences"] = best_two(one)
    if isinstance(model := meaning.embedder(), meaning.E5):
        found["E5 itself, all in one text"] = raw(model)
    return found


def embedders() -> list[meaning.Embedder]:
    best = meaning.embedder()
    return [meaning.Trigrams()] + ([best] if best.name != meaning.Trigrams.name else [])


def split(texts: list[str]) -> list[str]:
    """A title or headline as it is, then sentences."""
    return texts[:1] + [one for text in texts[1:] for one in meaning.sentences(text)]


def stored(embedder: meaning.Embedder) -> Measure:
    def measure(goals: Sequence[list[str]], mentors: Sequence[list[str]]) -> NDArray[np.float64]:
        left, right = (
            np.array([meaning.whole(embedder.vectors(split(said))) for said in side])
            for side in (goals, mentors)
        )
        return meaning.cosines(left, right)

    return measure


def at_once(embedder: meaning.Embedder) -> Measure:
    def measure(goals: Sequence[list[str]], mentors: Sequence[list[str]]) -> NDArray[np.float64]:
        left, right = (embedder.vectors([". ".join(said) for said in side]) for side in (goals, mentors))
        return meaning.cosines(left, right)

    return measure


def best_two(embedder: meaning.Embedder) -> Measure:
    def measure(goals: Sequence[list[str]], mentors: Sequence[list[str]]) -> NDArray[np.float64]:
        left, right = ([embedder.vectors(split(said)) for said in side] for side in (goals, mentors))
        found = [[meaning.nearest_sentences(goal, mentor) for mentor in right] for goal in left]
        return np.array([[one[2] if one else 0.0 for one in row] for row in found])

    return measure


def raw(model: meaning.E5) -> Measure:
    def measure(goals: Sequence[list[str]], mentors: Sequence[list[str]]) -> NDArray[np.float64]:
        left, right = (model._model.query([". ".join(said) for said in side]) for side in (goals, mentors))
        return np.asarray(left @ right.T, dtype=np.float64)

    return measure


def bm25(goals: Sequence[list[str]], mentors: Sequence[list[str]]) -> NDArray[np.float64]:
    """Okapi BM25 with k1 = 1.5 and b = 0.75."""
    documents = [Counter(words(" ".join(said))) for said in mentors]
    held = Counter(word for document in documents for word in document)
    length = np.array([document.total() for document in documents])
    result = np.zeros((len(goals), len(mentors)))
    for i, said in enumerate(goals):
        for word in set(words(" ".join(said))):
            idf = math.log(1 + (len(mentors) - held[word] + 0.5) / (held[word] + 0.5))
            count = np.array([document[word] for document in documents])
            result[i] += idf * count * 2.5 / (count + 1.5 * (0.25 + 0.75 * length / length.mean()))
    return result


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def print_cosines(tasks: dict[str, tuple[Sequence[list[str]], Sequence[list[str]]]]) -> None:
    """What the ranges are chosen from: 0 near the middle of the wrong, 1 above most of the right."""
    print(f"{'cosines as stored':34}of the right: 5 %   half  95 %     of the wrong: half  90 %  99 %")
    for embedder in embedders():
        low, high = meaning.RANGES[embedder.name]
        for name, texts in tasks.items():
            found = stored(embedder)(*texts)
            right = np.quantile(np.diag(found), [0.05, 0.5, 0.95])
            wrong = np.quantile(found[~np.eye(len(found), dtype=bool)], [0.5, 0.9, 0.99])
            print(
                f"{embedder.name:16}{name:18}{'':11}"
                + "".join(f"{value:7.2f}" for value in right)
                + f"{'':15}"
                + "".join(f"{value:6.2f}" for value in wrong)
                + f"     counted from {low} to {high}"
            )


def print_centre() -> None:
    """The mean of two means: over what the demonstration's people write, and over the pairs here."""
    model = meaning.embedder()
    if not isinstance(model, meaning.E5):
        raise SystemExit("The language model does not run here.")
    pairs, _ = read()
    demonstrated = {one for text in written(demonstration()) for one in meaning.sentences(text)}
    paired = {one for pair in pairs for side in ("goal", "mentor") for one in split(pair[side])}
    means = [
        np.mean([raw_vector(model, one) for one in sorted(said)], axis=0) for said in (demonstrated, paired)
    ]
    centre = np.rint(np.mean(means, axis=0) * meaning.LENGTH).astype(np.int8)
    text = base64.b85encode(centre.tobytes()).decode()
    for start in range(0, len(text), 96):
        print(f'        "{text[start : start + 96]}"')


def raw_vector(model: meaning.E5, said: str) -> NDArray[np.float64]:
    return np.asarray(model._model.query(said), dtype=np.float64)


def demonstration() -> list[dict[str, Any]]:
    files = ("mentors.toml", "mentees_a.toml", "mentees_b.toml")
    return [tomllib.loads((PEOPLE / file).read_text()) for file in files]


def written(value: Any) -> list[str]:
    """All that is written in sentences: what is longer than a name or a key."""
    if isinstance(value, str):
        return [value] if len(value) > 30 else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for one in inner for text in written(one)]


if __name__ == "__main__":
    main()
