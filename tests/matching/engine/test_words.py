import subprocess
import sys

import numpy as np

from matching.engine.words import BLOCK, closeness

GOALS = ["Learn SQL and move from accounting into data analysis", "Become a confident public speaker"]
MENTORS = [
    "Data analyst who moved from accounting, SQL every day",
    "Speaks in public, coaches speakers",
    "Gardener",
]


def test_closeness_is_highest_for_the_text_about_the_same_thing():
    assert closeness(GOALS, MENTORS).argmax(axis=1).tolist() == [0, 1]


def test_closeness_of_a_text_and_itself_is_one():
    assert np.allclose(np.diag(closeness(MENTORS, MENTORS)), 1, atol=1e-6)


def test_closeness_ignores_case_accents_and_punctuation():
    assert (
        closeness(["élan VITAL!"], ["Elan, vital", "other"])[0, 0]
        == closeness(["elan vital"], ["elan vital", "other"])[0, 0]
    )


def test_closeness_of_empty_texts_is_zero():
    near = closeness(["", "…", "speaker"], ["", "speaker", "\n"])
    assert np.argwhere(near).tolist() == [[2, 1]]
    assert closeness([], MENTORS).shape == (0, 3)
    assert closeness(GOALS, []).shape == (2, 0)


def test_closeness_keeps_texts_of_one_same_trigram_apart():
    assert closeness(["a"], ["a", "a", "b"]).round(6).tolist() == [[1, 1, 0]]


def test_closeness_works_in_other_scripts():
    near = closeness(["学习公开演讲和谈判"], ["公开演讲教练", "园丁"])
    assert near[0, 0] > 0.15
    assert near[0, 1] == 0


def test_closeness_of_one_query_is_the_same_alone_and_among_others():
    texts = [f"{first} {second}" for first in MENTORS for second in GOALS * 20]
    together = closeness(texts[:40], texts)
    assert np.array_equal(closeness(texts[7:8], texts)[0], together[7])


def test_closeness_crosses_the_edges_of_its_blocks():
    texts = [f"text number {number}" for number in range(BLOCK + 3)]
    near = closeness([texts[0], texts[BLOCK - 1], texts[BLOCK], texts[-1]], texts)
    assert near.argmax(axis=1).tolist() == [0, BLOCK - 1, BLOCK, BLOCK + 2]


def test_closeness_is_the_same_in_every_process():
    code = (
        "from matching.engine.words import closeness as c; print(c(['public speaker'], ['speaks in public']))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] == f"{closeness(['public speaker'], ['speaks in public'])}\n"
