"""Self-ensemble: the mean result of a bracket and of its mirrored and turned copies.

The networks are not the same to a picture and to its mirror image, so their errors differ and in
part average out. Networks and training stay as they are; time grows by the number of copies.
Known from super-resolution (Timofte et al., CVPR 2016; Lim et al., CVPR Workshops 2017).
"""

import dataclasses

import numpy as np

from configs.settings import Copies
from utils.hdr import inverse_mu_law, mu_law
from utils.inference import Networks, Reconstruction
from utils.patchwise import reconstruct as reconstruct_once
from utils.protocols import Protocol
from utils.scenes import Scene

# Two and four keep the picture's format, so that no other size has to be compiled.
_TURNS: dict[Copies, tuple[int, ...]] = {1: (0,), 2: (0, 1), 4: (0, 1, 4, 5), 8: tuple(range(8))}


def reconstruct(
    networks: Networks, scene: Scene, protocol: Protocol, copies: Copies = 1
) -> Reconstruction:
    """`utils.patchwise.reconstruct`, averaged over copies of the scene.

    Args:
        networks: The three networks.
        scene: A scene of any size, as `protocol.prepare` gives it.
        protocol: Says what passes through 8 bits.
        copies: 1: the scene itself alone; 2: and its mirror image; 4: and both turned upside down;
            8: and all of them turned by a quarter.

    Returns:
        Aligned frames, the mean of LDR values, and the HDR image, the mean after the mu-law.
    """
    if copies == 1:
        return reconstruct_once(networks, scene, protocol)
    aligned = np.zeros((2, *scene.ldr.shape[1:]), np.float32)
    compressed = np.zeros(scene.ldr.shape[1:], np.float32)
    for number in _TURNS[copies]:
        truth = None if scene.hdr is None else turn(scene.hdr, number)
        copy = dataclasses.replace(scene, ldr=turn(scene.ldr, number), hdr=truth)
        result = reconstruct_once(networks, copy, protocol)
        aligned += turn_back(result.aligned, number)
        compressed += mu_law(turn_back(result.hdr, number))
    return Reconstruction(aligned=aligned / copies, hdr=inverse_mu_law(compressed / copies))


def turn(picture: np.ndarray, number: int) -> np.ndarray:
    """One of a picture's eight orientations.

    Args:
        picture: `(..., H, W, C)`.
        number: 0 to 7: twice the quarter turns counter-clockwise, and 1 more if mirrored left to
            right after them.

    Returns:
        `(..., H, W, C)`, or `(..., W, H, C)` after an odd number of quarter turns; contiguous.
    """
    quarters, mirrored = divmod(number, 2)
    picture = np.rot90(picture, quarters, axes=(-3, -2))
    return np.ascontiguousarray(picture[..., ::-1, :] if mirrored else picture)


def turn_back(picture: np.ndarray, number: int) -> np.ndarray:
    """Undoes `turn`."""
    quarters, mirrored = divmod(number, 2)
    picture = picture[..., ::-1, :] if mirrored else picture
    return np.ascontiguousarray(np.rot90(picture, -quarters, axes=(-3, -2)))
