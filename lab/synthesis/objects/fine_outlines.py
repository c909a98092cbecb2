"""Random outlines with fine edges: people with hair, plants, bushes, fur, railings, holes."""

import numpy as np

from lab.synthesis.objects.outlines import HEAD, Wave, random_figure, random_wave
from lab.synthesis.objects.strands import Matted, Strand, along


def random_matted(rng: np.random.Generator) -> Matted:
    """A figure (most often), a plant, a bush, fur, a railing or a shape with holes."""
    makers = (_figure, _plant, _bush, _furry, _railing, _pierced)
    return makers[rng.choice(len(makers), p=(0.4, 0.22, 0.12, 0.08, 0.06, 0.12))](rng)


def _tints(rng: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """`(count, 3)` factors around one colour, brighter and darker."""
    return np.exp(rng.normal(0, 0.15, 3) + rng.normal(0, spread, (count, 1)))


def _foliage_tints(rng: np.random.Generator, count: int) -> np.ndarray:
    """`(count, 3)` factors, mostly green, yellow or brown."""
    colour = np.array([[0.55, 0.9, 0.3], [0.95, 0.85, 0.3], [0.8, 0.5, 0.3], [1, 1, 1]])
    return colour[rng.choice(4, p=[0.5, 0.15, 0.15, 0.2])] * _tints(rng, count, 0.35)


def _figure(rng: np.random.Generator) -> Matted:
    """A person with hair, sometimes with a stick."""
    limbs = random_figure(rng)
    x, y = HEAD
    count = int(rng.integers(200, 450))
    longest = np.exp(rng.uniform(*np.log([0.02, 0.2])))
    strands = []
    for tint in np.exp(rng.normal(-0.7, 0.6)) * _tints(rng, count, 0.25):
        around = rng.normal(0, 0.9)  # radians from the crown
        side, leaning = np.sign(around), rng.normal(1.2, 0.35)
        strands.append(
            Strand(
                root=(x + 0.045 * np.sin(around), y - 0.05 * np.cos(around)),
                # Along the skull, then down, a few hairs out of place.
                angle=np.pi + around + side * leaning,
                length=0.02 + longest * rng.uniform(0.3, 1),
                thickness=rng.uniform(0.0015, 0.004),
                bend=side * (np.pi - abs(around) - leaning) * rng.uniform(0.6, 1.1),
                flutter=rng.normal(0, 0.05),
                tint=tint,
            )
        )
    if rng.random() < 0.25:
        strands.append(
            Strand(
                root=(x + rng.uniform(-0.3, 0.3), -0.2),
                angle=rng.normal(0, 0.3),
                length=0.65,
                thickness=rng.uniform(0.008, 0.03),
                flutter=rng.normal(0, 0.1),
                profile="bar",
            )
        )
    return Matted(body=limbs, strands=strands)


def _plant(rng: np.random.Generator) -> Matted:
    """Stems, twigs, and leaves along both."""
    slender, leaf = rng.uniform(0.006, 0.02), np.exp(rng.uniform(*np.log([0.03, 0.14])))
    narrow, wild = rng.uniform(0.12, 0.55), rng.uniform(0.1, 0.5)
    stems = [
        _grown(rng, (rng.normal(0, 0.05), 0.5), np.pi + rng.normal(0, 0.35), length, slender)
        for length in rng.uniform(0.6, 1.1, rng.integers(1, 6))
    ]
    twigs = [
        _grown(
            rng,
            along(stem, at),
            stem.angle + at * stem.bend + side * rng.uniform(0.4, 1.0),
            stem.length * rng.uniform(0.2, 0.5) * (1.2 - at),
            slender * 0.6,
        )
        for stem in stems
        for at, side in zip(rng.uniform(0.2, 0.95, 7), [-1, 1] * 4, strict=False)
    ]
    woods = [*stems, *twigs]
    places = [(wood, at) for wood in woods for at in rng.uniform(0.15, 1, rng.integers(3, 10))]
    leaves = [
        Strand(
            root=along(wood, at),
            angle=wood.angle + at * wood.bend + rng.choice([-1, 1]) * rng.normal(0.8, wild),
            length=leaf * rng.uniform(0.5, 1.2),
            thickness=leaf * narrow * rng.uniform(0.5, 1.2),
            bend=rng.normal(0, 0.4),
            flutter=rng.normal(0, 0.1),
            profile="leaf",
            tint=tint,
        )
        for (wood, at), tint in zip(places, _foliage_tints(rng, len(places)), strict=True)
    ]
    return Matted(strands=[*woods, *leaves], sway=rng.normal(0, 0.04))


def _grown(
    rng: np.random.Generator, root: tuple[float, float], angle: float, length: float, thick: float
) -> Strand:
    return Strand(
        root=root,
        angle=angle,
        length=length,
        thickness=thick,
        bend=rng.normal(0, 0.35),
        tint=np.full(3, np.exp(rng.normal(-0.4, 0.3))),
    )


def _holes(
    rng: np.random.Generator, count: int, sizes: tuple[float, float]
) -> list[tuple[np.ndarray, float, Wave]]:
    return [
        (rng.normal(0, 0.14, 2), np.exp(rng.uniform(*np.log(sizes))), random_wave(rng, 24))
        for _ in range(count)
    ]


def _bush(rng: np.random.Generator) -> Matted:
    """Foliage: a body with gaps, leaves along its edge and across it."""
    count, leaf = int(rng.integers(120, 350)), np.exp(rng.uniform(*np.log([0.03, 0.11])))
    narrow = rng.uniform(0.2, 0.6)
    inside = rng.random(count) < 0.5
    strands = [
        Strand(
            root=(rng.normal(0, 0.2), rng.normal(0, 0.2)) if within else int(rng.integers(96)),
            angle=rng.uniform(0, 2 * np.pi),
            length=leaf * rng.uniform(0.5, 1.3),
            thickness=leaf * narrow,
            bend=rng.normal(0, 0.5),
            flutter=rng.normal(0, 0.08),
            profile="leaf",
            tint=tint,
        )
        for within, tint in zip(inside, _foliage_tints(rng, count), strict=True)
    ]
    holes = _holes(rng, int(rng.integers(8, 30)), (0.03, 0.15))
    return Matted(body=random_wave(rng, 96), holes=holes, strands=strands, sway=rng.normal(0, 0.02))


def _furry(rng: np.random.Generator) -> Matted:
    """A blob with fur combed in one direction."""
    count, longest = int(rng.integers(400, 900)), np.exp(rng.uniform(*np.log([0.03, 0.12])))
    combed, corners = rng.uniform(0, 2 * np.pi), 256
    strands = []
    for tint in _tints(rng, count, 0.2):
        corner = int(rng.integers(corners))
        outwards = 2 * np.pi * corner / corners - np.pi / 2
        strands.append(
            Strand(
                root=corner,
                angle=outwards + 0.6 * np.sin(combed - outwards) + rng.normal(0, 0.5),
                length=longest * rng.uniform(0.3, 1.1),
                thickness=rng.uniform(0.002, 0.007),
                bend=0.8 * np.sin(combed - outwards) + rng.normal(0, 0.4),
                flutter=rng.normal(0, 0.06),
                tint=tint,
            )
        )
    return Matted(body=random_wave(rng, corners), strands=strands)


def _railing(rng: np.random.Generator) -> Matted:
    """Upright bars between two rails, or a net."""
    count, slanted = int(rng.integers(4, 14)), rng.choice([0.0, 0.0, rng.uniform(0.4, 0.9)])
    thin = np.exp(rng.uniform(*np.log([0.006, 0.03])))
    leans = (slanted, -slanted) if slanted else (0.0,)
    bars = [
        Strand(root=(x, -0.4), angle=lean, length=0.9, thickness=thin, profile="bar")
        for lean in leans
        for x in np.linspace(-0.5, 0.5, count)
    ]
    rails = [
        Strand(root=(-0.55, y), angle=-np.pi / 2, length=1.23, thickness=1.6 * thin, profile="bar")
        for y in (-0.38, 0.3)
    ]
    return Matted(strands=[*bars, *rails])


def _pierced(rng: np.random.Generator) -> Matted:
    """A blob or an angular shape with up to six holes."""
    corners = 96 if rng.random() < 0.6 else int(rng.integers(4, 9))
    holes = _holes(rng, int(rng.integers(0, 7)), (0.08, 0.4))
    return Matted(body=random_wave(rng, corners), holes=holes)
