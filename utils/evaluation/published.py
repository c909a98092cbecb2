"""Published scores of other methods on Kalantari's 15 test scenes, with their sources.

Only scores with a known source; those of the paper itself have none.
"""

import dataclasses

from configs.settings import ProtocolName

_SAFNET = "table of SAFNet, ECCV 2024"
_AFUNET = "table of AFUNet, ICCV 2025"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Published:
    """One method's published scores; None if the source has none."""

    method: str
    psnr_mu: float
    psnr_l: float
    ssim_mu: float | None = None
    ssim_l: float | None = None
    hdr_vdp_2: float | None = None
    """Not comparable across papers: viewing settings differ."""
    source: str
    protocol: ProtocolName | None = None
    """None if it is unknown or not one of `PROTOCOLS`."""


def _row(
    method: str,
    numbers: tuple[float, float, float, float, float],
    source: str,
    protocol: ProtocolName | None = None,
) -> Published:
    psnr_mu, psnr_l, ssim_mu, ssim_l, hdr_vdp_2 = numbers
    return Published(
        method=method,
        psnr_mu=psnr_mu,
        psnr_l=psnr_l,
        ssim_mu=ssim_mu,
        ssim_l=ssim_l,
        hdr_vdp_2=hdr_vdp_2,
        source=source,
        protocol=protocol,
    )


PUBLISHED = (
    _row("Sen", (40.80, 38.11, 0.9808, 0.9721, 59.38), _SAFNET),
    _row("Kalantari", (42.67, 41.23, 0.9888, 0.9846, 65.05), _SAFNET),
    _row("DeepHDR", (41.65, 40.88, 0.9860, 0.9858, 64.90), _SAFNET, "crop-1440x960"),
    _row("AHDRNet", (43.63, 41.14, 0.9900, 0.9702, 64.61), _SAFNET),
    _row("NHDRRNet", (42.41, 41.43, 0.9877, 0.9857, 61.21), _SAFNET),
    _row("HDR-GAN", (43.92, 41.57, 0.9905, 0.9865, 65.45), _SAFNET, "crop-1440x960"),
    _row("ADNet", (44.37, 41.88, 0.9917, 0.9892, 66.02), "its repository"),
    Published(method="ADNet", psnr_mu=43.87, psnr_l=41.69, source="measured by SAFNet's authors"),
    _row("HDR-Transformer", (44.32, 42.18, 0.9916, 0.9884, 66.03), _SAFNET, "full"),
    _row("SCTNet", (44.49, 42.29, 0.9924, 0.9887, 66.65), _SAFNET),
    _row("HyHDRNet", (44.64, 42.47, 0.9915, 0.9894, 66.05), _SAFNET),
    _row("SAFNet", (44.66, 43.18, 0.9932, 0.9917, 66.93), _SAFNET, "full"),
    _row("AFUNet", (44.91, 42.59, 0.9923, 0.9906, 66.75), _AFUNET, "full"),
)
