"""Makes dynamic scenes with ground truth from radiance maps."""
