"""Scoring a whole cohort: here, or in tiles that go out over the workers when there are very many pairs.

The people are packed into a snapshot, so that all workers see the same; each pass over the pairs is cut into
tiles, stretches of mentees. Tiles are rows in PostgreSQL. A message for each wakes workers that have nothing
else to do; whoever comes first takes it, and the worker that solves takes whatever nobody has. What comes
back is joined in the tiles' order and is, to the bit, what one process alone would have found: so a tile that
is scored twice does no harm, and a worker that dies costs its tile's time and nothing else.
"""

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from matching.attempts import Attempt, AttemptLost
from matching.engine import Pairs, Scoring
from matching.engine.assignment import Pair, Rows
from matching.models import MatchRun, Snapshot, Tile
from matching.packing import Arrays, pack, unpack
from matching.snapshots import pack_scoring, unpack_scoring
from mentoring.celery import publish

SCORE = "matching.score_tile"
TILE_PAIRS = 250_000_000
FEWEST = 8  # tiles of a pass
WAIT = 0.02  # seconds between looks at tiles that others score
PATIENCE = 2.0  # a tile that takes another worker so many times longer than it took us is scored here as well
KEPT_FOR = 60.0  # seconds that a worker keeps a snapshot's people, for the next tile

Say = Callable[[float], None]
Found = tuple[Pairs, int]  # and how many feasible ones were seen


class Tiled:
    """A Scoring as assign() wants it, which shares out its passes and counts their seconds."""

    def __init__(self, scoring: Scoring, attempt: Attempt) -> None:
        self.scoring, self.attempt = scoring, attempt
        self.n, self.m = scoring.n, scoring.m
        self.seconds: dict[str, float] = defaultdict(float)
        self.tiles = 0  # so far
        self.elsewhere = 0  # of which others scored
        self._is_packed = False

    def points(self, rows: Rows = None) -> NDArray[np.int16]:
        return self.scoring.points(rows)

    def pair_points(self, i: NDArray[np.intp], j: NDArray[np.intp]) -> NDArray[np.int16]:
        return self.scoring.pair_points(i, j)

    def best(
        self,
        per_mentee: int,
        per_mentor: int,
        rows: Rows = None,
        forbidden: Iterable[Pair] = (),
        say: Say | None = None,
    ) -> Pairs:
        began = time.perf_counter()
        if self._is_large(rows):
            facts = {"per_mentee": per_mentee, "per_mentor": per_mentor}
            asked = [pack(stretch, facts) for stretch in self._stretches(rows, forbidden)]
            found = [pairs for pairs, _ in self._shared_out(asked, say)]
            pairs = Pairs.joined(found, per_mentee, per_mentor)
        else:
            pairs = self.scoring.best(per_mentee, per_mentor, rows, forbidden, say)
        self.seconds["score"] += time.perf_counter() - began
        return pairs

    def improving(
        self,
        surplus: NDArray[np.int64],
        price: NDArray[np.int64],
        bonus: int,
        floor: int,
        per_mentee: int,
        rows: Rows = None,
        forbidden: Iterable[Pair] = (),
        say: Say | None = None,
    ) -> tuple[Pairs, int]:
        began = time.perf_counter()
        if self._is_large(rows):
            facts = {"per_mentee": per_mentee, "bonus": bonus, "floor": floor}
            asked = [
                pack(stretch | {"surplus": surplus[stretch["rows"]], "price": price}, facts)
                for stretch in self._stretches(rows, forbidden)
            ]
            found = self._shared_out(asked, say)
            answer = _stacked([pairs for pairs, _ in found]), sum(feasible for _, feasible in found)
        else:
            answer = self.scoring.improving(surplus, price, bonus, floor, per_mentee, rows, forbidden, say)
        self.seconds["prove"] += time.perf_counter() - began
        return answer

    def _chosen(self, rows: Rows) -> NDArray[np.intp]:
        return np.arange(self.n)[slice(None) if rows is None else rows]

    def _is_large(self, rows: Rows) -> bool:
        size = self._chosen(rows).size
        return size > 1 and size * self.m >= settings.MATCH_TILES_FROM

    def _stretches(self, rows: Rows, forbidden: Iterable[Pair]) -> Iterator[Arrays]:
        """Of each tile the rows, and the forbidden pairs among them."""
        barred = np.array(sorted(forbidden), dtype=np.int64).reshape(-1, 2)
        chosen = self._chosen(rows)
        count = min(chosen.size, max(FEWEST, -(-chosen.size * self.m // TILE_PAIRS)))
        for some in np.array_split(chosen, count):
            yield {"rows": some, "forbidden": barred[np.isin(barred[:, 0], some)]}

    def _shared_out(self, asked: Sequence[bytes], say: Say | None) -> list[Found]:
        tiles = self._publish(asked)
        own: list[float] = []
        ours = 0
        while (done := self._count_done(tiles)) < len(tiles):
            tile = _take(Tile.objects.filter(pk__in=tiles)) or self._late(tiles, own)
            if tile is None:
                time.sleep(WAIT)
            else:
                began = time.monotonic()
                ours += _score(tile, self.scoring, _say_on(say, done / len(tiles), 1 / len(tiles)))
                own.append(time.monotonic() - began)
            if say is not None:
                say(done / len(tiles))
        packed = Tile.objects.filter(pk__in=tiles).order_by("number").values_list("packed", flat=True)
        found = [_found_in(one) for one in packed if one is not None]
        self.tiles += len(tiles)
        self.elsewhere += len(tiles) - ours
        Tile.objects.filter(pk__in=tiles).delete()
        return found

    @transaction.atomic
    def _publish(self, asked: Sequence[bytes]) -> list[int]:
        """Written by the attempt that holds, and by no other, before workers hear of it."""
        if not self.attempt.rows().select_for_update().exists():
            raise AttemptLost
        if not self._is_packed:
            fresh = {"attempt": self.attempt.token, "packed": pack_scoring(self.scoring)}
            Snapshot.objects.update_or_create(run_id=self.attempt.run_id, defaults=fresh)
            self._is_packed = True
        tiles = Tile.objects.bulk_create(
            Tile(run_id=self.attempt.run_id, attempt=self.attempt.token, number=number, asked=one)
            for number, one in enumerate(asked, start=self.tiles)
        )
        ids = [tile.pk for tile in tiles]
        transaction.on_commit(lambda: _wake(ids))
        return ids

    def _count_done(self, tiles: Sequence[int]) -> int:
        return Tile.objects.filter(pk__in=tiles, packed__isnull=False).count()

    def _late(self, tiles: Sequence[int], own: Sequence[float]) -> Tile | None:
        """A tile that takes somebody so long that we had better score it too."""
        waited = PATIENCE * max([1.0, *own])
        late = Tile.objects.filter(pk__in=tiles, packed__isnull=True)
        now = timezone.now()
        return next((tile for tile in late if (now - (tile.taken_at or now)).total_seconds() > waited), None)


def score_tile(tile_id: int) -> None:
    """A worker's part: nothing where somebody else was quicker, or the pass is over."""
    tile = _take(Tile.objects.filter(pk=tile_id))
    if tile is None:
        return
    scoring = _scoring_of(tile.run_id, tile.attempt)
    if scoring is not None:
        _score(tile, scoring, None)
    _forget_later()


def forget_tiles(attempt: Attempt) -> None:
    """Of an attempt that is over."""
    Tile.objects.filter(run_id=attempt.run_id, attempt=attempt.token).delete()
    Snapshot.objects.filter(run_id=attempt.run_id, attempt=attempt.token).delete()


def forget_abandoned_tiles() -> None:
    """What attempts left whose worker died; those of an attempt that holds stay."""
    for model in (Tile, Snapshot):
        holding = MatchRun.objects.filter(attempt=OuterRef("attempt"), state=MatchRun.State.RUNNING)
        model._default_manager.exclude(Exists(holding)).delete()


def _wake(tiles: Iterable[int]) -> None:
    for tile in tiles:
        publish(SCORE, str(tile))


@transaction.atomic
def _take(tiles: QuerySet[Tile]) -> Tile | None:
    """The first that nobody has taken yet, now ours."""
    free = tiles.filter(taken_at__isnull=True).order_by("number")
    tile = free.select_for_update(skip_locked=True).first()
    if tile is not None:
        tile.taken_at = timezone.now()
        tile.save(update_fields=["taken_at"])
    return tile


def _score(tile: Tile, scoring: Scoring, say: Say | None) -> int:
    """1 where what we found is what counts, 0 where somebody else was quicker."""
    arrays, facts = unpack(tile.asked)
    rows = _rows_of(arrays["rows"])
    forbidden = [(i, j) for i, j in arrays["forbidden"].tolist()]
    if "price" in arrays:
        surplus = np.zeros(scoring.n, dtype=np.int64)
        surplus[rows] = arrays["surplus"]
        bonus, floor, most = facts["bonus"], facts["floor"], facts["per_mentee"]
        pairs, feasible = scoring.improving(
            surplus, arrays["price"], bonus, floor, most, rows, forbidden, say
        )
    else:
        most = (facts["per_mentee"], facts["per_mentor"])
        pairs, feasible = scoring.best(*most, rows, forbidden, say), 0
    packed = pack({"i": pairs.i, "j": pairs.j, "points": pairs.points}, {"feasible": int(feasible)})
    return Tile.objects.filter(pk=tile.pk, packed__isnull=True).update(packed=packed)


def _rows_of(rows: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    first, last = int(rows[0]), int(rows[-1]) + 1
    return slice(first, last) if last - first == rows.size else rows


def _found_in(packed: bytes | memoryview) -> Found:
    arrays, facts = unpack(packed)
    return Pairs(**arrays), facts["feasible"]


def _say_on(say: Say | None, at: float, share: float) -> Say | None:
    return None if say is None else lambda done: say(at + done * share)


def _stacked(found: Sequence[Pairs]) -> Pairs:
    names = ("i", "j", "points")
    return Pairs(**{name: np.concatenate([getattr(pairs, name) for pairs in found]) for name in names})


@lru_cache(maxsize=1)
def _scoring_of(run_id: uuid.UUID, attempt: uuid.UUID) -> Scoring | None:
    snapshot = Snapshot.objects.filter(run_id=run_id, attempt=attempt).first()
    return None if snapshot is None else unpack_scoring(snapshot.packed)


_forgetting: list[threading.Timer] = []


def _forget_later() -> None:
    """So that a worker is not left with a hundred thousand people in its memory."""
    while _forgetting:
        _forgetting.pop().cancel()
    timer = threading.Timer(KEPT_FOR, _scoring_of.cache_clear)
    timer.daemon = True
    timer.start()
    _forgetting.append(timer)
