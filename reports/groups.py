"""Voices that say alike, put together, each group with the sentence that stands for it. Deterministic.

Pairs of characters weighed by TF-IDF, cosine, average linkage (Sokal & Michener 1958), cut at a stated distance. Callers
give the texts; nothing is stored and nothing is read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

# so many texts at most: the distances of all pairs are held at once
MOST = 1_200
# two groups farther apart than this on average stay two
DISTANCE = 0.85
SMALLEST = 5


@dataclass(frozen=True)
class Group:
    """Places of the texts that say alike, in the order given; `centre`: the text nearest to all of them; likeness 0..1."""

    members: tuple[int, ...]
    centre: int
    likeness: float


def group(texts: Sequence[str], *, smallest: int = SMALLEST) -> list[Group]:
    """The groups of at least `smallest` texts, the largest first; texts like no other are in none. Raises above MOST."""
    if len(texts) > MOST:
        raise ValueError(f"more than {MOST} texts")
    kept = [place for place, text in enumerate(texts) if len(text) >= 2]
    if len(kept) < max(2, smallest):
        return []
    weights = TfidfVectorizer(analyzer="char", ngram_range=(2, 2), sublinear_tf=True, lowercase=False).fit_transform([texts[place] for place in kept])
    likeness = (weights @ weights.T).toarray()
    cut = AgglomerativeClustering(n_clusters=None, metric="precomputed", linkage="average", distance_threshold=DISTANCE)
    labels = cut.fit_predict(np.clip(1.0 - likeness, 0.0, None))
    found = []
    for label in np.unique(labels):
        inside = np.flatnonzero(labels == label)
        if len(inside) < smallest:
            continue
        near = likeness[np.ix_(inside, inside)].mean(axis=1)
        # the earlier of two that are as near, so that the same texts always give the same sentence
        best = int(np.argmax(np.round(near, 9)))
        found.append(Group(tuple(kept[i] for i in inside), kept[int(inside[best])], float(near.mean())))
    return sorted(found, key=lambda one: (-len(one.members), one.centre))
