"""Published scores of other methods on Kalantari's 15 test scenes, with their sources.

Only scores with a known source; those of the paper itself have none.
"""

import dataclasses

from configs.settings import ProtocolName

_SAFNET = "table of SAFNet, ECCV 2024"
_AFUNET = "table of AFUNet, ICCV 2025"


@dataclasses.dataclass(frozen=True)
class Published:
    """One method's published scores; None if the source has none."""

    method: str
    psnr_mu: float
    psnr_l: float
    ssim_mu: float | None
    ssim_l: float | None
    hdr_vdp_2: float | None
    """Not comparable across papers: viewing settings differ."""
    source: str
    protocol: ProtocolName | None = None
    """None if it is unknown or not one of `PROTOCOLS`."""


PUBLISHED = (
    Published("Sen", 40.80, 38.11, 0.9808, 0.9721, 59.38, _SAFNET),
    Published("Kalantari", 42.67, 41.23, 0.9888, 0.9846, 65.05, _SAFNET),
    Published("DeepHDR", 41.65, 40.88, 0.9860, 0.9858, 64.90, _SAFNET, "crop-1440x960"),
    Published("AHDRNet", 43.63, 41.14, 0.9900, 0.9702, 64.61, _SAFNET),
    Published("NHDRRNet", 42.41, 41.43, 0.9877, 0.9857, 61.21, _SAFNET),
    Published("HDR-GAN", 43.92, 41.57, 0.9905, 0.9865, 65.45, _SAFNET, "crop-1440x960"),
    Published("ADNet", 44.37, 41.88, 0.9917, 0.9892, 66.02, "its repository"),
    Published("ADNet", 43.87, 41.69, None, None, None, "measured by SAFNet's authors"),
    Published("HDR-Transformer", 44.32, 42.18, 0.9916, 0.9884, 66.03, _SAFNET, "full"),
    Published("SCTNet", 44.49, 42.29, 0.9924, 0.9887, 66.65, _SAFNET),
    Published("HyHDRNet", 44.64, 42.47, 0.9915, 0.9894, 66.05, _SAFNET),
    Published("SAFNet", 44.66, 43.18, 0.9932, 0.9917, 66.93, _SAFNET, "full"),
    Published("AFUNet", 44.91, 42.59, 0.9923, 0.9906, 66.75, _AFUNET, "full"),
)
