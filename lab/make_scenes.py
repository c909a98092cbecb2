"""Makes synthetic dynamic scenes with ground truth from radiance maps.

Reads .hdr and .exr files, panoramas or photographs, from `--radiance`, and ordinary photographs
from `--photographs`; writes one folder per scene, in the layout of Kalantari's data set, to
`--scenes`. Run it before make_tfrecord.py. Running it again makes the missing scenes.
"""

from lab import settings
from lab.settings import ScenesConfig
from lab.synthesis.factory import make_scenes
from utils import command


def main(config: ScenesConfig) -> None:
    """Makes the scenes."""
    make_scenes(config)


if __name__ == "__main__":
    command.run(main, settings.scenes, __doc__)
