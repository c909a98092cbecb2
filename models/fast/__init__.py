"""The same networks in less time; models/layers.py, the plain layer, is the yardstick of tests.

    layers.py       the convolution with the same arguments, weights and result, and the function
                    that chooses between it and the plain one
    folding.py      kernels of equal, cheaper convolutions
    gradients.py    operations with cheaper gradients
    frozen.py       kernels that are computed once for inference
    compiled.py     networks compiled for inference, whole or in parts for tiles

`arithmetic="fast"` (the default) or `"plain"` chooses in `alignment()`, `merging()` and
`esbn.networks()`, `--arithmetic` in the scripts.
"""
